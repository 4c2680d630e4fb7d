//! Why a call is not begun: a word that stays, for pages, and a sentence in five languages, for people.
//!
//! The API gives the word as `code` beside its English sentence, which names settings and speaks to whoever runs the server.

use crate::bot::words::Language;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $code:literal {
        $en:literal, $de:literal, $fr:literal, $es:literal, $zh:literal
    })*) => {
        /// Why somebody is not called.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum WhyNot {
            $($(#[$doc])* $variant,)*
        }

        impl WhyNot {
            /// All of them.
            pub const ALL: [WhyNot; [$($code),*].len()] = [$(WhyNot::$variant),*];

            /// Its word, which stays the same.
            pub const fn code(self) -> &'static str {
                match self {
                    $(WhyNot::$variant => $code,)*
                }
            }

            /// For whoever wanted to call, in a language.
            pub const fn text(self, language: Language) -> &'static str {
                match self {
                    $(WhyNot::$variant => match language {
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

reasons! {
    /// It is no number that can be called.
    NotANumber "not-a-number" {
        "This is no number that can be called. Write it as +49 30 123456, with digits only.",
        "Das ist keine Nummer, die angerufen werden kann. Schreiben Sie sie als +49 30 123456, nur mit Ziffern.",
        "Ce numéro ne peut pas être appelé. Écrivez-le comme +49 30 123456, avec des chiffres seulement.",
        "No es un número al que se pueda llamar. Escríbalo como +49 30 123456, solo con cifras.",
        "这不是可以拨打的号码。请按 +49 30 123456 的格式书写，仅限数字。"
    }
    /// The tenant calls nobody outside.
    NobodyOutside "nobody-outside" {
        "Your organisation calls no numbers outside. Ask your administrator.",
        "Ihre Organisation ruft keine Nummern außerhalb an. Fragen Sie Ihre Administration.",
        "Votre organisation n’appelle aucun numéro extérieur. Adressez-vous à votre administrateur.",
        "Su organización no llama a números externos. Pregunte a su administrador.",
        "您的组织不拨打外部号码。请联系管理员。"
    }
    /// The tenant's dial plan does not allow the number's beginning.
    BeginningNotAllowed "beginning-not-allowed" {
        "Your organisation does not call numbers that begin like this.",
        "Ihre Organisation ruft keine Nummern an, die so beginnen.",
        "Votre organisation n’appelle pas les numéros qui commencent ainsi.",
        "Su organización no llama a números que empiezan así.",
        "您的组织不拨打以此开头的号码。"
    }
    /// Numbers of this kind are not called.
    DestinationNotAllowed "destination-not-allowed" {
        "Your organisation does not call numbers of this kind.",
        "Ihre Organisation ruft Nummern dieser Art nicht an.",
        "Votre organisation n’appelle pas les numéros de ce type.",
        "Su organización no llama a números de este tipo.",
        "您的组织不拨打此类号码。"
    }
    /// Numbers of this country are not called.
    CountryNotAllowed "country-not-allowed" {
        "Your organisation does not call numbers of this country.",
        "Ihre Organisation ruft keine Nummern dieses Landes an.",
        "Votre organisation n’appelle pas les numéros de ce pays.",
        "Su organización no llama a números de este país.",
        "您的组织不拨打该国家或地区的号码。"
    }
    /// Premium numbers are not called.
    Premium "premium" {
        "Your organisation does not call premium-rate numbers.",
        "Ihre Organisation ruft keine teuren Sonderrufnummern an.",
        "Votre organisation n’appelle pas les numéros surtaxés.",
        "Su organización no llama a números de tarificación adicional.",
        "您的组织不拨打高额收费号码。"
    }
    /// The person may call nobody outside.
    NoRight "no-right" {
        "You may not call numbers outside. Ask your administrator.",
        "Sie dürfen keine Nummern außerhalb anrufen. Fragen Sie Ihre Administration.",
        "Vous n’avez pas le droit d’appeler des numéros extérieurs. Adressez-vous à votre administrateur.",
        "No puede llamar a números externos. Pregunte a su administrador.",
        "您无权拨打外部号码。请联系管理员。"
    }
    /// There are as many calls to the outside as may be.
    TooManyAtOnce "too-many-at-once" {
        "There are as many calls to the outside as may be. Try again when one of them is over.",
        "Es laufen so viele Anrufe nach außen, wie sein dürfen. Versuchen Sie es wieder, wenn einer davon zu Ende ist.",
        "Il y a autant d’appels vers l’extérieur que permis. Réessayez quand l’un d’eux sera terminé.",
        "Hay tantas llamadas externas como se permiten. Inténtelo de nuevo cuando termine alguna.",
        "外呼数量已达上限。请等其中一个结束后重试。"
    }
    /// Calls to the outside follow each other too fast.
    TooManyPerSecond "too-many-per-second" {
        "Calls to the outside follow each other too fast. Try again in a moment.",
        "Anrufe nach außen folgen zu schnell aufeinander. Versuchen Sie es gleich noch einmal.",
        "Les appels vers l’extérieur se suivent trop vite. Réessayez dans un instant.",
        "Las llamadas externas se suceden demasiado rápido. Inténtelo de nuevo en un momento.",
        "外呼过于频繁。请稍后重试。"
    }
    /// The day's minutes are used up.
    MinutesUsed "minutes-used" {
        "Today’s minutes for calls to the outside are used up.",
        "Die Minuten für Anrufe nach außen sind für heute verbraucht.",
        "Les minutes d’appels vers l’extérieur sont épuisées pour aujourd’hui.",
        "Los minutos de hoy para llamadas externas se han agotado.",
        "今天的外呼分钟数已用完。"
    }
    /// The day's money is used up.
    SpendUsed "spend-used" {
        "Today’s money for calls to the outside is used up.",
        "Das Geld für Anrufe nach außen ist für heute verbraucht.",
        "Le budget d’appels vers l’extérieur est épuisé pour aujourd’hui.",
        "El dinero de hoy para llamadas externas se ha agotado.",
        "今天的外呼费用额度已用完。"
    }
    /// It would be allowed by day.
    Night "night" {
        "This number is called only within the hours that your organisation has set.",
        "Diese Nummer wird nur zu den Zeiten angerufen, die Ihre Organisation festgelegt hat.",
        "Ce numéro n’est appelé que pendant les heures fixées par votre organisation.",
        "A este número solo se llama en el horario que fijó su organización.",
        "此号码仅可在您的组织规定的时段内拨打。"
    }
    /// Another call of the person is being set up.
    BeingSetUp "being-set-up" {
        "Another call of yours is being set up. Wait until it is over, or hang it up.",
        "Ein anderer Anruf von Ihnen wird gerade aufgebaut. Warten Sie, bis er zu Ende ist, oder legen Sie auf.",
        "Un autre de vos appels est en cours d’établissement. Attendez qu’il se termine, ou raccrochez.",
        "Se está estableciendo otra llamada suya. Espere a que termine o cuélguela.",
        "您的另一个呼叫正在建立。请等它结束，或将其挂断。"
    }
    /// The person asks too often.
    SlowDown "slow-down" {
        "You asked too often. Wait a minute.",
        "Sie haben zu oft gefragt. Warten Sie eine Minute.",
        "Vous avez demandé trop souvent. Attendez une minute.",
        "Lo ha pedido demasiadas veces. Espere un minuto.",
        "请求过于频繁。请等待一分钟。"
    }
    /// This server carries or remembers as many calls as it can.
    CallsFull "calls-full" {
        "Too many calls are being made just now. Try again in a minute.",
        "Gerade werden zu viele Anrufe geführt. Versuchen Sie es in einer Minute noch einmal.",
        "Trop d’appels sont en cours. Réessayez dans une minute.",
        "Ahora se están haciendo demasiadas llamadas. Inténtelo de nuevo en un minuto.",
        "当前呼叫过多。请一分钟后再试。"
    }
    /// The tenant has as many calls through other telephone systems as its share allows.
    ShareFull "share-full" {
        "Your organisation has as many calls through its telephone systems as it may have at a time. Try again when one of them is over.",
        "Ihre Organisation führt über ihre Telefonanlagen so viele Anrufe, wie sie zugleich darf. Versuchen Sie es wieder, wenn einer davon zu Ende ist.",
        "Votre organisation a autant d’appels par ses systèmes téléphoniques que permis en même temps. Réessayez quand l’un d’eux sera terminé.",
        "Su organización tiene tantas llamadas por sus sistemas telefónicos como puede tener a la vez. Inténtelo de nuevo cuando termine alguna.",
        "您的组织通过电话系统的同时呼叫数已达上限。请等其中一个结束后重试。"
    }
    /// The telephone system is not there.
    NoWay "no-way" {
        "This way of calling is there no longer. Choose another one.",
        "Diesen Weg anzurufen gibt es nicht mehr. Wählen Sie einen anderen.",
        "Ce moyen d’appeler n’existe plus. Choisissez-en un autre.",
        "Esta forma de llamar ya no existe. Elija otra.",
        "此呼叫方式已不存在。请选择其他方式。"
    }
    /// No telephone of the person is known here.
    NoPhone "no-phone" {
        "No telephone of yours is known here. Choose another way of calling.",
        "Hier ist kein Telefon von Ihnen bekannt. Wählen Sie einen anderen Weg anzurufen.",
        "Aucun téléphone à vous n’est connu ici. Choisissez un autre moyen d’appeler.",
        "Aquí no se conoce ningún teléfono suyo. Elija otra forma de llamar.",
        "此处没有您的电话记录。请选择其他呼叫方式。"
    }
    /// The person is rung in the browser only, and no page is open.
    NoPage "no-page" {
        "You are rung in the browser only, and no page of yours is open. Open it, and try again.",
        "Bei Ihnen klingelt es nur im Browser, und keine Ihrer Seiten ist offen. Öffnen Sie sie und versuchen Sie es noch einmal.",
        "Vos appels sonnent dans le navigateur seulement, et aucune page n’y est ouverte. Ouvrez-la, puis réessayez.",
        "Sus llamadas suenan solo en el navegador y no tiene ninguna página abierta. Ábrala e inténtelo de nuevo.",
        "您只在浏览器中接听，但没有打开任何页面。请打开页面后重试。"
    }
    /// The person is busy, suspended or unknown to the engine.
    NotFree "not-free" {
        "You are busy or suspended, and cannot call now.",
        "Sie sind beschäftigt oder gesperrt und können jetzt nicht anrufen.",
        "Vous êtes occupé ou suspendu, et ne pouvez pas appeler maintenant.",
        "Está ocupado o suspendido y no puede llamar ahora.",
        "您正忙或已被暂停，现在无法拨打。"
    }
    /// It is not known which line is the person's, or it is not proven.
    Line "line" {
        "It is not certain which line is yours. Look at the settings, or ask your administrator for a line pass.",
        "Es ist nicht sicher, welche Leitung Ihre ist. Sehen Sie in die Einstellungen, oder bitten Sie Ihre Administration um einen Leitungspass.",
        "Il n’est pas certain quelle ligne est la vôtre. Voyez les réglages, ou demandez un passe de ligne à votre administrateur.",
        "No es seguro cuál es su línea. Mire los ajustes o pida a su administrador un pase de línea.",
        "无法确定哪条线路是您的。请查看设置，或向管理员索取线路凭证。"
    }
    /// No other phone can be rung first there.
    Ring "ring" {
        "Another phone cannot ring first here. Leave it out in the settings.",
        "Ein anderes Telefon kann hier nicht zuerst klingeln. Lassen Sie es in den Einstellungen weg.",
        "Un autre téléphone ne peut pas sonner d’abord ici. Retirez-le dans les réglages.",
        "Aquí no puede sonar primero otro teléfono. Quítelo en los ajustes.",
        "此处无法先响其他电话。请在设置中将其去掉。"
    }
    /// People sign in there with their own passwords, and none came.
    PbxPassword "pbx-password" {
        "The telephone system wants your own password.",
        "Die Telefonanlage verlangt Ihr eigenes Passwort.",
        "Le système téléphonique demande votre propre mot de passe.",
        "El sistema telefónico pide su propia contraseña.",
        "电话系统需要您自己的密码。"
    }
    /// The telephone system refused the sign-in.
    PbxRefused "pbx-refused" {
        "The telephone system did not take your sign-in. Sign in there yourself, or wait half an hour.",
        "Die Telefonanlage hat Ihre Anmeldung nicht angenommen. Melden Sie sich dort selbst an, oder warten Sie eine halbe Stunde.",
        "Le système téléphonique n’a pas accepté votre connexion. Connectez-vous-y vous-même, ou attendez une demi-heure.",
        "El sistema telefónico no aceptó su inicio de sesión. Inicie sesión allí usted mismo o espere media hora.",
        "电话系统未接受您的登录。请自行在那里登录，或等待半小时。"
    }
    /// A key or password of ours for the telephone system cannot be used.
    PbxKey "pbx-key" {
        "The telephone system is not set up completely. Tell your administrator.",
        "Die Telefonanlage ist nicht vollständig eingerichtet. Sagen Sie es Ihrer Administration.",
        "Le système téléphonique n’est pas entièrement configuré. Signalez-le à votre administrateur.",
        "El sistema telefónico no está configurado del todo. Avise a su administrador.",
        "电话系统尚未完全设置好。请告知管理员。"
    }
    /// The telephone system does not answer.
    PbxSilent "pbx-silent" {
        "The telephone system does not answer now. Try again in a minute.",
        "Die Telefonanlage antwortet gerade nicht. Versuchen Sie es in einer Minute noch einmal.",
        "Le système téléphonique ne répond pas pour le moment. Réessayez dans une minute.",
        "El sistema telefónico no responde ahora. Inténtelo de nuevo en un minuto.",
        "电话系统暂时没有响应。请一分钟后再试。"
    }
    /// Line or number have signs that a telephone cannot dial.
    NotDialable "not-dialable" {
        "Your line or this number has signs that a telephone cannot dial.",
        "Ihre Leitung oder diese Nummer hat Zeichen, die ein Telefon nicht wählen kann.",
        "Votre ligne ou ce numéro contient des signes qu’un téléphone ne peut pas composer.",
        "Su línea o este número tiene signos que un teléfono no puede marcar.",
        "您的线路或此号码含有电话无法拨打的字符。"
    }
    /// The name of the call is none.
    Correlation "correlation" {
        "This request is not in order. Press the button again.",
        "Diese Anfrage ist nicht in Ordnung. Drücken Sie die Schaltfläche noch einmal.",
        "Cette demande n’est pas correcte. Appuyez de nouveau sur le bouton.",
        "Esta solicitud no es correcta. Pulse el botón otra vez.",
        "此请求有误。请再次按下按钮。"
    }
    /// The name of the call was used for a call to somebody else.
    CorrelationUsed "correlation-used" {
        "This was used for a call to somebody else already. Press the button again.",
        "Das wurde schon für einen Anruf bei jemand anderem verwendet. Drücken Sie die Schaltfläche noch einmal.",
        "Cela a déjà servi pour appeler une autre personne. Appuyez de nouveau sur le bouton.",
        "Esto ya se usó para llamar a otra persona. Pulse el botón otra vez.",
        "这已用于呼叫其他人。请再次按下按钮。"
    }
    /// The tenant has no tab.
    TabOff "tab-off" {
        "The tab is switched off for your organisation. Ask your administrator.",
        "Die Registerkarte ist für Ihre Organisation ausgeschaltet. Fragen Sie Ihre Administration.",
        "L’onglet est désactivé pour votre organisation. Adressez-vous à votre administrateur.",
        "La pestaña está desactivada para su organización. Pregunte a su administrador.",
        "您的组织已关闭此选项卡。请联系管理员。"
    }
    /// The person is no user here, or of several tenants.
    NoUser "no-user" {
        "You are not known here, or in several places. Ask your administrator.",
        "Sie sind hier nicht bekannt, oder an mehreren Stellen. Fragen Sie Ihre Administration.",
        "Vous n’êtes pas connu ici, ou à plusieurs endroits. Adressez-vous à votre administrateur.",
        "No se le conoce aquí, o en varios sitios. Pregunte a su administrador.",
        "此处没有您的记录，或有多处记录。请联系管理员。"
    }
    /// The token is not good.
    Token "token" {
        "Your sign-in is not accepted here. Close the tab and open it again.",
        "Ihre Anmeldung wird hier nicht angenommen. Schließen Sie die Registerkarte und öffnen Sie sie wieder.",
        "Votre connexion n’est pas acceptée ici. Fermez l’onglet et rouvrez-le.",
        "Su inicio de sesión no se acepta aquí. Cierre la pestaña y vuelva a abrirla.",
        "此处未接受您的登录。请关闭选项卡后重新打开。"
    }
    /// The server stops.
    Stopping "stopping" {
        "The server is being restarted. Try again in a minute.",
        "Der Server wird neu gestartet. Versuchen Sie es in einer Minute noch einmal.",
        "Le serveur redémarre. Réessayez dans une minute.",
        "El servidor se está reiniciando. Inténtelo de nuevo en un minuto.",
        "服务器正在重启。请一分钟后再试。"
    }
}

impl WhyNot {
    /// The one with this word.
    pub fn named(code: &str) -> Option<WhyNot> {
        WhyNot::ALL.into_iter().find(|why| why.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_has_a_word_of_its_own_and_a_sentence_of_its_own_in_every_language() {
        for language in Language::ALL {
            let sentences: BTreeSet<&str> = WhyNot::ALL.into_iter().map(|why| why.text(language)).collect();
            assert_eq!(sentences.len(), WhyNot::ALL.len(), "{language:?}");
        }
        for why in WhyNot::ALL {
            let (code, english) = (why.code(), why.text(Language::English));
            assert_eq!(WhyNot::named(code), Some(why), "{code} is the word of two");
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            for language in Language::ALL {
                let text = why.text(language);
                assert!(
                    text.ends_with(['.', '。']) && text.chars().count() > 8,
                    "{code} {language:?}: {text:?}"
                );
                assert!(language == Language::English || text != english, "{code} {language:?} is English");
            }
        }
    }
}
