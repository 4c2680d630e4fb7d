//! What the bot says, in five languages.

/// A language that the bot speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Chinese, simplified.
    Chinese,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 5] =
        [Language::English, Language::German, Language::French, Language::Spanish, Language::Chinese];

    /// As `en`, `de`, `fr`, `es`, `zh`.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
            Language::French => "fr",
            Language::Spanish => "es",
            Language::Chinese => "zh",
        }
    }

    /// The language of a tag as `de-CH`.
    pub fn of(tag: &str) -> Option<Language> {
        let first = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        Language::ALL.into_iter().find(|l| l.tag() == first)
    }

    /// What somebody reads: their own language if it is spoken here and is one of the tenant's, else the tenant's first,
    /// else English. A tenant that names none has all.
    pub fn choose(own: Option<&str>, tenant: &[String]) -> Language {
        let spoken: Vec<Language> = tenant.iter().filter_map(|l| Language::of(l)).collect();
        let own = own.and_then(Language::of).filter(|l| spoken.is_empty() || spoken.contains(l));
        own.or_else(|| spoken.first().copied()).unwrap_or(Language::English)
    }
}

macro_rules! sentences {
    ($($(#[$doc:meta])* $variant:ident { $en:literal, $de:literal, $fr:literal, $es:literal, $zh:literal })*) => {
        /// What is said. `{}` stands for a name, a number or an amount that is put in.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Said {
            $($(#[$doc])* $variant,)*
        }

        impl Said {
            /// All of them.
            pub const ALL: [Said; [$($en),*].len()] = [$(Said::$variant),*];

            /// In a language.
            pub const fn text(self, language: Language) -> &'static str {
                match self {
                    $(Said::$variant => match language {
                        Language::English => $en,
                        Language::German => $de,
                        Language::French => $fr,
                        Language::Spanish => $es,
                        Language::Chinese => $zh,
                    },)*
                }
            }
        }
    };
}

sentences! {
    /// What can be asked.
    Help {
        "Write **list** to see who is here, **call** and a name, or **call** and a number.",
        "Schreiben Sie **Liste**, um zu sehen, wer hier ist, **ruf** und einen Namen, oder **ruf** und eine Nummer.",
        "Écrivez **liste** pour voir qui est ici, **appeler** et un nom, ou **appeler** et un numéro.",
        "Escriba **lista** para ver quién está aquí, **llamar** y un nombre, o **llamar** y un número.",
        "输入“列表”查看此处的成员，输入“拨打”加姓名，或“拨打”加号码。"
    }
    /// Something was not understood.
    NotUnderstood {
        "I do not understand that.", "Das verstehe ich nicht.", "Je ne comprends pas.", "No entiendo eso.", "我不明白这句话。"
    }
    /// The bot was added.
    Hello {
        "Hello. I show who is here and start calls through your own telephone.",
        "Hallo. Ich zeige, wer hier ist, und beginne Anrufe über Ihr eigenes Telefon.",
        "Bonjour. Je montre qui est ici et lance des appels par votre propre téléphone.",
        "Hola. Muestro quién está aquí e inicio llamadas con su propio teléfono.",
        "您好。我可以显示此处的成员，并通过您自己的电话发起呼叫。"
    }
    /// Title of the list of members.
    Members { "People here: {}", "Personen hier: {}", "Personnes ici : {}", "Personas aquí: {}", "此处成员：{}" }
    /// Names that fit.
    Fitting { "Names that fit: {}", "Passende Namen: {}", "Noms correspondants : {}", "Nombres que coinciden: {}", "匹配的姓名：{}" }
    /// Nobody has that name.
    Nobody {
        "Nobody here has that name.", "Hier heißt niemand so.", "Personne ici ne porte ce nom.", "Nadie aquí se llama así.", "此处没有叫这个名字的人。"
    }
    /// A button.
    Call { "Call", "Anrufen", "Appeler", "Llamar", "拨打" }
    /// A button that opens the dialog.
    Numbers { "Show numbers", "Nummern zeigen", "Afficher les numéros", "Mostrar números", "显示号码" }
    /// A button that shows the next page.
    More { "More", "Weitere", "Suite", "Más", "更多" }
    /// A number at work.
    Business { "Work", "Geschäftlich", "Professionnel", "Trabajo", "工作" }
    /// A mobile number.
    Mobile { "Mobile", "Mobil", "Mobile", "Móvil", "手机" }
    /// Somebody has no number.
    NoNumbers { "no number", "keine Nummer", "aucun numéro", "sin número", "无号码" }
    /// Somebody is a guest, or belongs to another organisation.
    IsGuest { "guest", "Gast", "invité", "invitado", "来宾" }
    /// A number can be called.
    CallNumber { "Call {}", "{} anrufen", "Appeler {}", "Llamar a {}", "拨打 {}" }
    /// What was written as a number is none that may be called.
    NoNumber {
        "This number is not called: {}", "Diese Nummer wird nicht angerufen: {}", "Ce numéro n’est pas appelé : {}",
        "Este número no se llama: {}", "不能拨打此号码：{}"
    }
    /// It is not a number.
    NotANumber {
        "write it as +49 30 123456, with digits only", "schreiben Sie sie als +49 30 123456, nur mit Ziffern",
        "écrivez-le comme +49 30 123456, avec des chiffres seulement", "escríbalo como +49 30 123456, solo con cifras",
        "请按 +49 30 123456 的格式书写，仅限数字"
    }
    /// The card was made for somebody else.
    Another {
        "This card was made for somebody else. Write **list** for your own.",
        "Diese Karte ist für jemand anderen. Schreiben Sie **Liste** für Ihre eigene.",
        "Cette carte est pour une autre personne. Écrivez **liste** pour la vôtre.",
        "Esta tarjeta es de otra persona. Escriba **lista** para la suya.",
        "此卡片属于其他人。输入“列表”获取您自己的卡片。"
    }
    /// The card is too old or was changed.
    TooOld {
        "This card is out of date. Write **list** for a new one.",
        "Diese Karte ist veraltet. Schreiben Sie **Liste** für eine neue.",
        "Cette carte est périmée. Écrivez **liste** pour une nouvelle.",
        "Esta tarjeta ha caducado. Escriba **lista** para una nueva.",
        "此卡片已过期。输入“列表”获取新卡片。"
    }
    /// The button was pressed already.
    Twice {
        "That was started already.", "Das wurde schon begonnen.", "C’est déjà en cours.", "Eso ya se inició.", "已经开始了。"
    }
    /// Something cannot be had now.
    Later {
        "That is not possible now. Try again in a minute.",
        "Das geht gerade nicht. Versuchen Sie es in einer Minute noch einmal.",
        "Ce n’est pas possible maintenant. Réessayez dans une minute.",
        "Ahora no es posible. Inténtelo de nuevo en un minuto.",
        "暂时无法完成。请一分钟后再试。"
    }
    /// The app is not set up for this organisation.
    NotConnected {
        "Your organisation is not connected here. Ask your administrator.",
        "Ihre Organisation ist hier nicht verbunden. Fragen Sie Ihre Administration.",
        "Votre organisation n’est pas connectée ici. Adressez-vous à votre administrateur.",
        "Su organización no está conectada aquí. Pregunte a su administrador.",
        "您的组织尚未在此连接。请联系管理员。"
    }
    /// A guest from another organisation wrote.
    Guest {
        "Guests of other organisations cannot call from here.",
        "Gäste anderer Organisationen können von hier nicht anrufen.",
        "Les invités d’autres organisations ne peuvent pas appeler d’ici.",
        "Los invitados de otras organizaciones no pueden llamar desde aquí.",
        "其他组织的来宾无法从此处拨打电话。"
    }
    /// Somebody has to agree first.
    Agree {
        "An administrator of your organisation has to agree first. Then try again.",
        "Zuerst muss eine Administratorin oder ein Administrator Ihrer Organisation zustimmen. Versuchen Sie es dann noch einmal.",
        "Un administrateur de votre organisation doit d’abord donner son accord. Réessayez ensuite.",
        "Primero debe dar su consentimiento un administrador de su organización. Después inténtelo de nuevo.",
        "需要先由贵组织的管理员同意授权，然后重试。"
    }
    /// Somebody agreed.
    Agreed {
        "Thank you. You can close this window.",
        "Danke. Sie können dieses Fenster schließen.",
        "Merci. Vous pouvez fermer cette fenêtre.",
        "Gracias. Puede cerrar esta ventana.",
        "谢谢。您可以关闭此窗口。"
    }
    /// Numbers are not shown to guests.
    GuestsHere {
        "There are guests in this conversation, so numbers are not written here. Open the app's tab to see them.",
        "In dieser Unterhaltung sind Gäste, darum werden hier keine Nummern geschrieben. Öffnen Sie die Registerkarte der App.",
        "Des invités participent à cette conversation, aucun numéro n’y est donc écrit. Ouvrez l’onglet de l’application.",
        "En esta conversación hay invitados, por eso no se escriben números. Abra la pestaña de la aplicación.",
        "此对话中有来宾，因此不在此处显示号码。请打开应用的选项卡查看。"
    }
    /// The same where people have no tab to see them in.
    GuestsNoTab {
        "There are guests in this conversation, so numbers are not written here. Ask in a conversation without guests.",
        "In dieser Unterhaltung sind Gäste, darum werden hier keine Nummern geschrieben. Fragen Sie in einer Unterhaltung ohne Gäste.",
        "Des invités participent à cette conversation, aucun numéro n’y est donc écrit. Demandez dans une conversation sans invités.",
        "En esta conversación hay invitados, por eso no se escriben números. Pregunte en una conversación sin invitados.",
        "此对话中有来宾，因此不在此处显示号码。请在没有来宾的对话中查询。"
    }
    /// Security events are told here from now on, for so long.
    AlertsOn {
        "Security events are told here for {}. Write **alerts off** to end it.",
        "Sicherheitsereignisse werden hier {} lang gemeldet. Schreiben Sie **Warnungen aus**, um das zu beenden.",
        "Les événements de sécurité sont signalés ici pendant {}. Écrivez **alertes non** pour arrêter.",
        "Los eventos de seguridad se avisan aquí durante {}. Escriba **alertas no** para terminar.",
        "安全事件将在此通知，持续 {}。输入“警报关闭”可停止。"
    }
    /// They are told here no longer.
    AlertsOff {
        "Security events are no longer told here.", "Sicherheitsereignisse werden hier nicht mehr gemeldet.",
        "Les événements de sécurité ne sont plus signalés ici.", "Los eventos de seguridad ya no se avisan aquí.",
        "此处不再通知安全事件。"
    }
    /// Whoever asked may not know of them.
    AlertsNotYours {
        "Security events are told to owners, supervisors and auditors.",
        "Sicherheitsereignisse erfahren nur Inhaber, Aufsicht und Prüfer.",
        "Les événements de sécurité sont réservés aux propriétaires, superviseurs et auditeurs.",
        "Los eventos de seguridad son para propietarios, supervisores y auditores.",
        "安全事件仅通知所有者、主管和审计员。"
    }
    /// Something happened; its kind.
    Alert {
        "Security event: {}", "Sicherheitsereignis: {}", "Événement de sécurité : {}", "Evento de seguridad: {}", "安全事件：{}"
    }
    /// A call has begun.
    Ringing { "Calling {}", "{} wird angerufen", "Appel de {}", "Llamando a {}", "正在拨打 {}" }
}

impl Said {
    /// In a language, with something put in.
    pub fn with(self, language: Language, what: &str) -> String {
        self.text(language).replacen("{}", what, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_their_own_language_if_the_tenant_has_it() {
        let tenant = |l: &[&str]| l.iter().map(|l| (*l).to_string()).collect::<Vec<_>>();
        for (own, has, expected) in [
            (Some("de-CH"), &["en", "de"][..], Language::German),
            (Some("de-CH"), &["fr-FR"], Language::French),
            (Some("de"), &[], Language::German),
            (Some("xx"), &[], Language::English),
            (None, &["zh-CN"], Language::Chinese),
            (None, &["nl"], Language::English),
        ] {
            assert_eq!(Language::choose(own, &tenant(has)), expected, "{own:?} {has:?}");
        }
    }

    #[test]
    fn where_there_is_no_tab_nobody_is_sent_to_it() {
        let tab = ["tab", "Registerkarte", "onglet", "pestaña", "选项卡"];
        for (language, tab) in Language::ALL.into_iter().zip(tab) {
            assert!(Said::GuestsHere.text(language).contains(tab), "{language:?}");
            assert!(!Said::GuestsNoTab.text(language).contains(tab), "{language:?}");
        }
    }

    #[test]
    fn every_sentence_has_the_same_blanks_in_every_language() {
        for said in Said::ALL {
            let blanks = |l| said.text(l).matches("{}").count();
            for language in Language::ALL {
                assert_eq!(blanks(language), blanks(Language::English), "{said:?} {language:?}");
            }
        }
    }
}
