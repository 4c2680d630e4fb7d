//! What people read about the app in each language, where the tenant has no words of its own.

use crate::bot::Language;

/// Words of one language.
pub(super) struct Words {
    /// One line about the app.
    pub summary: &'static str,
    /// More about it.
    pub description: &'static str,
    /// The name of the tab.
    pub tab: &'static str,
    /// What the bot understands: the word, and what it does.
    pub commands: [(&'static str, &'static str); 3],
}

/// The words of a language.
pub(super) const fn words(language: Language) -> Words {
    match language {
        Language::English => Words {
            summary: "See who is in this chat and call them through your own telephone.",
            description: "Shows the people of a chat, a channel or a team with their business and mobile numbers, and calls \
                them through your company's telephone. Nothing about people is stored.",
            tab: "People",
            commands: [
                ("list", "Shows who is here"),
                ("call", "Calls a name or a number"),
                ("help", "Says what you can write"),
            ],
        },
        Language::German => Words {
            summary: "Sehen, wer in diesem Chat ist, und mit dem eigenen Telefon anrufen.",
            description: "Zeigt die Personen eines Chats, eines Kanals oder eines Teams mit ihren Geschäfts- und \
                Mobilnummern und ruft sie über das Telefon Ihrer Firma an. Über Personen wird nichts gespeichert.",
            tab: "Personen",
            commands: [
                ("Liste", "Zeigt, wer hier ist"),
                ("ruf", "Ruft einen Namen oder eine Nummer an"),
                ("Hilfe", "Sagt, was Sie schreiben können"),
            ],
        },
        Language::French => Words {
            summary: "Voir qui est dans cette conversation et appeler par votre téléphone.",
            description: "Montre les personnes d’une conversation, d’un canal ou d’une équipe avec leurs numéros \
                professionnels et mobiles, et les appelle par le téléphone de votre entreprise. Rien sur les personnes n’est enregistré.",
            tab: "Personnes",
            commands: [
                ("liste", "Montre qui est ici"),
                ("appeler", "Appelle un nom ou un numéro"),
                ("aide", "Dit ce que vous pouvez écrire"),
            ],
        },
        Language::Spanish => Words {
            summary: "Vea quién está en este chat y llame con su propio teléfono.",
            description: "Muestra a las personas de un chat, un canal o un equipo con sus números de trabajo y móviles, y las \
                llama con el teléfono de su empresa. No se guarda nada sobre las personas.",
            tab: "Personas",
            commands: [
                ("lista", "Muestra quién está aquí"),
                ("llamar", "Llama a un nombre o un número"),
                ("ayuda", "Dice qué puede escribir"),
            ],
        },
        Language::Chinese => Words {
            summary: "查看此聊天中的成员，并用您自己的电话呼叫他们。",
            description: "显示聊天、频道或团队中的成员及其工作和手机号码，并通过公司的电话呼叫他们。不存储任何人员信息。",
            tab: "成员",
            commands: [
                ("列表", "显示此处的成员"),
                ("拨打", "呼叫姓名或号码"),
                ("帮助", "说明可以输入的内容"),
            ],
        },
    }
}
