package bounce

import (
	"fmt"
	"mime"
	"strings"
	"testing"
)

// written makes a mail with a text.
func written(from, subject, text string) string {
	return "From: " + from + "\nTo: bounces@acme.example\nSubject: " + mime.QEncoding.Encode("utf-8", subject) +
		"\nContent-Type: text/plain; charset=utf-8\n\n" + text
}

func TestReportsInOtherLanguagesNameWhoFailed(t *testing.T) {
	const (
		google   = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"
		exchange = "postmaster@mail.example"
		to       = "jo@example.org"
		noSuch   = "\n\n550 5.1.1 The account does not exist.\n"
		server   = "\n            <mx.example.org #5.1.1>\n"
	)
	for name, raw := range map[string]string{
		"Google, German":     written(google, "Delivery Status Notification (Failure)", "** Adresse nicht gefunden **\n\nDeine Nachricht wurde nicht an "+to+" zugestellt, weil es diese Adresse nicht gibt."+noSuch),
		"Google, German 2":   written(google, "Delivery Status Notification (Failure)", "Die Nachricht konnte nicht an "+to+" gesendet werden."+noSuch),
		"Google, French":     written(google, "Delivery Status Notification (Failure)", "Le message n'a pas été distribué à "+to+", car cette adresse manque."+noSuch),
		"Google, Spanish":    written(google, "Delivery Status Notification (Failure)", "El mensaje no se ha entregado a "+to+" porque falta la dirección."+noSuch),
		"Google, Italian":    written(google, "Delivery Status Notification (Failure)", "Il messaggio non è stato recapitato a "+to+" perché manca l'indirizzo."+noSuch),
		"Google, Portuguese": written(google, "Delivery Status Notification (Failure)", "A mensagem não foi entregue para "+to+" porque falta o endereço."+noSuch),
		"Google, Dutch":      written(google, "Delivery Status Notification (Failure)", "Het bericht is niet bezorgd bij "+to+" omdat dit adres ontbreekt."+noSuch),
		"Google, Polish":     written(google, "Delivery Status Notification (Failure)", "Wiadomość nie została dostarczona do "+to+", bo nie ma adresu."+noSuch),
		"Google, Russian":    written(google, "Delivery Status Notification (Failure)", "Письмо не доставлено пользователю "+to+", так как адреса нет."+noSuch),
		"Google, Swedish":    written(google, "Delivery Status Notification (Failure)", "Meddelandet levererades inte till "+to+" eftersom adressen saknas."+noSuch),
		"Google, Japanese":   written(google, "Delivery Status Notification (Failure)", "アドレスがないため、"+to+" にメールを配信できませんでした。"+noSuch),
		"Google, Chinese":    written(google, "Delivery Status Notification (Failure)", "邮件未能送达 "+to+"，没有该地址。"+noSuch),

		"Exchange 2003, German":     written(exchange, "Unzustellbar: Hinweis", "Ihre Nachricht kam nicht an.\n\nFolgende(r) Empfänger kann/können nicht erreicht werden:\n\n      "+to+" am 08.09.2026 10:20\n            Kein solches Konto."+server),
		"Exchange 2003, French":     written(exchange, "Non remis : Avis", "Les destinataires suivants ne peuvent être joints :\n\n      "+to+" le 08/09/2026 10:20\n            Pas de tel compte."+server),
		"Exchange 2003, Spanish":    written(exchange, "No se puede entregar: Aviso", "No se puede llegar a los destinatarios siguientes:\n\n      "+to+" el 08/09/2026 10:20\n            No hay tal cuenta."+server),
		"Exchange 2003, Italian":    written(exchange, "Non recapitabile: Avviso", "Impossibile raggiungere i seguenti destinatari:\n\n      "+to+" il 08/09/2026 10.20\n            Nessun conto."+server),
		"Exchange 2003, Portuguese": written(exchange, "Não entregue: Aviso", "Não foi possível chegar aos destinatários seguintes:\n\n      "+to+" em 08-09-2026 10:20\n            Nenhuma conta."+server),
		"Exchange 2003, Dutch":      written(exchange, "Niet bezorgd: Bericht", "De volgende geadresseerden zijn niet bereikt:\n\n      "+to+" op 8-9-2026 10:20\n            Geen account."+server),
		"Exchange 2003, Polish":     written(exchange, "Niedostarczone: Uwaga", "Nie można dotrzeć do adresatów:\n\n      "+to+" w dniu 2026-09-08 10:20\n            Brak konta."+server),
		"Exchange 2003, Japanese":   written(exchange, "配信不能: お知らせ", "次の受信者に届きませんでした:\n\n      "+to+" 2026/09/08 10:20\n            アカウントがありません。"+server),
	} {
		t.Run(name, func(t *testing.T) {
			report := parseReader(t, strings.NewReader(raw))
			wantFailed(t, report)
			if r := report.Recipients[0]; r.Status != "5.1.1" || r.Permanence != Permanent || r.Reason != ReasonNoMailbox {
				t.Errorf("got %s %s %s", r.Status, r.Permanence, r.Reason)
			}
		})
	}
}

func TestAFullMailboxIsTransientWhereNoCodeSaysOtherwise(t *testing.T) {
	for text, want := range map[string]Permanence{
		"Grund: Postfach ist voll.":              Transient,
		"The mailbox is full.":                   Transient,
		"La boîte de réception est pleine.":      Transient,
		"El buzón está lleno.":                   Transient,
		"La casella di posta è piena.":           Transient,
		"552 5.2.2 The mailbox is full.":         Permanent,
		"452 4.2.2 The mailbox is full.":         Transient,
		"Der Empfänger jo ist leider unbekannt.": Permanent,
	} {
		report := parseReader(t, strings.NewReader(written("MAILER-DAEMON@mx.example", "Undelivered mail",
			"Your message could not be delivered to:\n\njo@example.org\n\n"+text+"\n")))
		wantFailed(t, report)
		if got := report.Recipients[0].Permanence; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSubjectsOfAutomaticAnswersAreKnown(t *testing.T) {
	for _, subject := range []string{
		"Automatic reply: Notice", "Abwesenheitsnotiz: Notice", "Absent(e) du bureau : Notice", "Absente du bureau : Notice",
		"Message d'absence : Notice", "自动答复: Notice", "自动回复：Notice", "自動回覆: Notice", "自動応答: Notice", "自動返信: Notice",
		"Fuera de oficina: Notice", "Mensaje de ausencia: Notice", "Assente dall'ufficio: Notice", "Messaggio di assenza: Notice",
		"Ausente do escritório: Notice", "Fora do escritório: Notice", "Afwezig: Notice", "Niet aanwezig: Notice",
		"Poza biurem: Notice", "Nieobecność: Notice", "Frånvaromeddelande: Notice", "Automatiskt svar: Notice", "Automatisk svar: Notice",
		"Fravær: Notice", "Automatická odpověď: Notice", "Mimo kancelář: Notice", "Poissaolo: Notice", "Otomatik yanıt: Notice",
		"Automatikus válasz: Notice", "Răspuns automat: Notice", "Автоматична відповідь: Notice", "Αυτόματη απάντηση: Notice",
	} {
		report := parseReader(t, strings.NewReader(written("Jo <jo@example.org>", subject, "…\n")))
		if report.Kind != KindAutoReply || len(report.Recipients) != 1 || report.Recipients[0].Reason != ReasonVacation {
			t.Errorf("%q: got %s", subject, report.Kind)
		}
	}
	if report := parseReader(t, strings.NewReader(written("Jo <jo@example.org>", "Re: Notice", "Thank you.\n"))); report.Kind != KindOther {
		t.Errorf("an answer of a person: got %s", report.Kind)
	}
}

func TestChallengesAreNoBounces(t *testing.T) {
	for subject, text := range map[string]string{
		"Bitte bestätigen Sie Ihre Nachricht":             "Hallo.",
		"Re: Notice":                                      "Ihre Nachricht wurde noch nicht zugestellt. Bitte bestätigen Sie Ihre E-Mail-Adresse mit diesem Link.",
		"Ihre Nachricht wurde noch nicht zugestellt":      "Ihre Nachricht an\n\njo@example.org\n\nwurde noch nicht zugestellt. Bitte bestätigen Sie Ihre Nachricht.",
		"Your message could not be delivered yet":         "jo@example.org\n\nPlease confirm that you sent it. It was not delivered.",
		"Veuillez confirmer votre message":                "Bonjour.",
		"Confirme su mensaje":                             "Hola.",
		"Bevestig uw bericht":                             "Hallo.",
		"Confermi il suo messaggio: mittente sconosciuto": "Ciao.",
	} {
		report := parseReader(t, strings.NewReader(written("Jo <jo@example.org>", subject, text+"\n")))
		if report.Kind != KindAutoReply || len(report.Recipients) != 1 || report.Recipients[0].Reason != ReasonChallenge {
			t.Errorf("%q: got %s", subject, report.Kind)
		}
	}
}

func TestARefusalWithACodeIsNoChallenge(t *testing.T) {
	wantFailed(t, parseReader(t, strings.NewReader(written("List <list@example.net>", "Delivery failed",
		"Your message could not be delivered to:\n\njo@example.org\n550 5.7.1 No messages from unknown senders\n"))))
}

func TestLinksOfHTMLTellAddresses(t *testing.T) {
	const page = "From: postmaster@mail.example\nSubject: Undeliverable: Notice\nContent-Type: text/html\n\n" +
		"<html><body><p>Delivery has failed to these recipients or groups:</p><p>%s<br>The address couldn't be found.</p>" +
		"<p>#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##</p></body></html>"
	for _, link := range []string{
		`<a href="mailto:jo@example.org">Jo Doe</a>`, `<a HREF='MAILTO:jo%40example.org?subject=x'>Jo</a>`,
		`<a href="mailto:jo@example.org">jo@example.org</a>`, `<a href="mailto:jo@example.org"></a>`,
		`<a href="mailto:jo@example.org"><b>Jo</b>`,
	} {
		report := parseReader(t, strings.NewReader(fmt.Sprintf(page, link)))
		wantFailed(t, report)
		if r := report.Recipients[0]; r.Status != "5.1.1" {
			t.Errorf("%s: got %q", link, r.Status)
		}
	}
	if got, want := htmlText(`<a href="mailto:jo@example.org">Write to Jo@Example.org</a> or <a href="https://x.example">there</a>`),
		"Write to Jo@Example.org or there "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
