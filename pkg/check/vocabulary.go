package check

import (
	"regexp"
	"sync"
)

// vocabulary is how one language says what rules look for.
type vocabulary struct {
	neverAsk   *regexp.Regexp // that nobody is asked for a secret
	byOneself  *regexp.Regexp // how to act without clicking
	reply      *regexp.Regexp // that the mail can be answered
	relative   *regexp.Regexp // dates that depend on the day of reading
	recently   *regexp.Regexp // dates that say nothing
	handOver   *regexp.Regexp // to hand a secret over
	asking     *regexp.Regexp // turns that into something that the reader is asked for
	toOthers   *regexp.Regexp // or into advice that goes on to others; nil: none
	ownPage    *regexp.Regexp // or into something that is done on a page of the organisation
	idle       *regexp.Regexp // what begins with a negation and denies nothing
	negation   *regexp.Regexp // turns a sentence round
	encrypted  *regexp.Regexp // passwords that can be decrypted
	emptyLink  *regexp.Regexp // words of a link that say nothing, whole
	everywhere *regexp.Regexp // to change the password wherever else it is used
	there      *regexp.Regexp // the same, where the sentence before says where
	change     *regexp.Regexp // what tells the reader to change it
	others     *regexp.Regexp // somebody else than the reader
	marketing  *regexp.Regexp // what has no place in a notice
	happened   *regexp.Regexp // the heading of a section about what happened
	people     *regexp.Regexp // a count of people
}

// BUG(check): the words of notices are judged in English and German only. The rules
// that go by words say nothing about other languages; language-words names those.

// vocabularies has those of the languages that are known. Each is compiled when somebody
// asks for it: most commands check nothing.
var vocabularies = map[string]func() *vocabulary{
	"en": sync.OnceValue(func() *vocabulary {
		return &vocabulary{
			neverAsk:   words(`(?:never|nobody|no one|(?:do|will) not|don['’]t|won['’]t)(?: of us)?(?: ever)? ask`),
			byOneself:  words(`without (?:clicking|following|using) (?:on )?(?:anything|any|a|the|these)|(?:type|enter) (?:the|our) (?:web )?address|own bookmark|(?:go|navigate) (?:directly )?to our (?:website|site)`),
			reply:      words(`repl(?:y|ies|ying)\b[^.!?\n]{0,20}\b(?:e-?mail|message|notice)|call us`),
			relative:   words(`yesterday|the day before yesterday|earlier today|last (?:night|week|weekend|month|year|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|this (?:morning|week|month|year)|(?:a few|several|some|a couple of|[0-9]+|two|three) (?:hours|days|weeks|months) ago`),
			recently:   words(`recently|lately|in recent (?:days|weeks|months)`),
			handOver:   words(`(?:(?:send|reply with|tell|give|provide|submit|share|confirm|verify|text|dictate|fax|fill in)\b[^.!?\n]{0,40}\b|(?:e-?mail|forward) (?:us |it )?)(?:your|the)\b[^.!?\n]{0,30}\b(?:passwords?|passcode|pin|(?:one-time|security|verification|login|authentication|2fa|[0-9]-digit|six-digit) codes?|codes? (?:that )?(?:we|you)\b|card (?:number|details)|cvv|social security number|codes? to (?:us|our)\b)|read (?:out |us )*(?:your|the)\b[^.!?\n]{0,30}\b(?:passwords?|passcode|pin|codes?|card (?:number|details)|cvv)\b[^.!?\n]{0,20}\b(?:out|aloud|to (?:us|our|the agent|an agent))\b|read out (?:your|the)\b[^.!?\n]{0,30}\b(?:passwords?|passcode|pin|codes?|card number)`),
			asking:     regexp.MustCompile(`(?i)^(?:(?:please|kindly|then|now|also|and|you (?:must|should|need to|have to|can|may|will)|(?:if|to|for|when)\b[^,]{0,80},)\s+)*(?:send|forward|e-?mail|reply|tell|give|provide|submit|share|confirm|verify|text|dictate|fax|read)\b|\b(?:please|us|our|support|staff|agents?|reply(?:ing)?|telephone|phone)\b`),
			toOthers:   words(`tell (?:your|other|all|any|the)\b[^.!?\n]{0,60}?\bto (?:change|reset|replace|update|never|keep|protect|check)\b|to (?:change|reset|replace|update) (?:the|their|your) passwords?`),
			ownPage:    words(`new password|reset page`),
			idle:       words(`(?:please )?(?:do not|don['’]t|never) (?:hesitate|forget|fail|wait|delay|worry)(?: to)?|never ?mind|not only`),
			negation:   words(`never|not|nobody|no one|none|don['’]t|won['’]t|without`),
			encrypted:  words(`encrypt(?:ed|ion)?\b[^.!?\n]{0,40}\bpasswords?|passwords?\b[^.!?\n]{0,40}\bencrypt(?:ed|ion)?`),
			emptyLink:  words(`^(?:please )?(?:click(?: here| this link)?|here|this link|this page|link|read more|more|learn more|go|open)[.!]?$`),
			everywhere: words(`(?:wherever|everywhere|anywhere|elsewhere|any other|all other|(?:each|every) (?:other )?(?:service|account|site|website|app)|other (?:[\pL-]+ )?(?:services|accounts|sites|websites|places|apps|applications))\b`),
			there:      words(`there`),
			change:     regexp.MustCompile(`(?i)(?:^[^\pL]*|\b(?:please|also|then|now|should|must|you to|need to|have to|best to|too|and|or|therefore)\b[ ,]+(?:also |immediately |now )?|, )(?:change|reset|replace|update|renew|(?:use|choose|set|pick|create) (?:a|an) (?:[\pL-]+, )?(?:new|different|unique|separate|strong)[\pL, -]*)\b`),
			others:     words(`(?:somebody|someone|anybody|anyone|attackers?|criminals?|thie(?:f|ves)|hackers?|fraudsters?|intruders?|third part(?:y|ies)|people|they|he|she|we|who(?:ever)?)\b`),
			marketing:  words(`special offer|discount|coupon|promo(?:tion(?:al)?)? code|[0-9]+ ?% off|free trial|upgrade (?:now|today)|buy now|newsletter|subscribe to our`),
			happened:   words(`(?:what|how (?:it|this|that|the \pL+)) (?:has )?happened|how did (?:it|this|that) happen|(?:about|details of|description of) the (?:[\pL-]+ )?(?:incident|breach|attack)|^the (?:[\pL-]+ )?(?:incident|breach|attack)[.:!?]*$`),
			people:     words(`(?:` + someCount + `|(?:a|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty)?[ -]?(?:dozen|hundred|thousand|million)s?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty)(?: of)?(?: [\pL'’.-]+){0,3} (?:residents|citizens|people|persons|individuals|consumers|customers|users|patients|members)\b|number of (?:[\pL'’-]+ ){0,3}(?:residents|people|persons|individuals|consumers|customers|users)\b`),
		}
	}),
	"de": sync.OnceValue(func() *vocabulary {
		return &vocabulary{
			neverAsk:   words(`(?:nie|niemals|nicht|niemand)\b[^.!?\n]{0,60}\b(?:fragen|fragt|bitten|bittet|auffordern)|frag(?:en|t)\b[^.!?\n]{0,20}\b(?:nie|niemals|nicht)`),
			byOneself:  words(`ohne\b[^.!?\n]{0,40}\b(?:anzuklicken|zu klicken|klick)|selbst in (?:ihren|den) browser|(?:eigenes )?lesezeichen`),
			reply:      words(`auf diese e-?mail antworten|antworten sie|rufen sie uns`),
			relative:   words(`gestern|vorgestern|heute (?:morgen|nacht|früh)|letzte[nrs]? (?:nacht|woche|monat|jahr|wochenende|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)|diese[nrs]? (?:woche|monat)|vor (?:einigen|wenigen|ein paar|[0-9]+|zwei|drei) (?:stunden|tagen|wochen|monaten)`),
			recently:   words(`kürzlich|neulich|vor kurzem|unlängst|in (?:letzter zeit|den letzten (?:tagen|wochen|monaten))`),
			handOver:   words(`(?:uns|unserem|unserer|unseren)\b[^.!?\n]{0,40}(?:passwort|kennwort|\pL*code|kartennummer)\b[^.!?\n]{0,20}\b(?:zu )?(?:senden|schicken|mitzuteilen|mitteilen|nennen|vorlesen|vorzulesen)|leiten sie (?:uns )?(?:ihr|ihre|ihren|das|die|den)\b[^.!?\n]{0,30}(?:passwort|kennwort|code)\b|(?:senden|schicken|mailen|nennen|geben|übermitteln|bestätigen|teilen|verraten|antworten) sie\b[^.!?\n]{0,60}\b(?:ihr|ihre|ihren|ihrem|das|die|den|dem)\b[^.!?\n]{0,30}(?:passwort|passwörter|kennwort|pin\b|tan\b|code\b|kartennummer)`),
			asking:     regexp.MustCompile(`(?i)\bsie\b`),
			ownPage:    regexp.MustCompile(`(?i)neue[sn]? (?:passwort|kennwort)|\bein[.!:]?$`),
			idle:       words(`zögern sie nicht|vergessen sie nicht|nicht vergessen|nicht nur`),
			negation:   words(`nie|niemals|nicht|niemand|niemandem|kein|keine|keinen|ohne`),
			encrypted:  words(`verschlüsselt\p{L}*[^.!?\n]{0,40}\b(?:passw[oö]rt\p{L}*|kennw[oö]rt\p{L}*)|(?:passw[oö]rt\p{L}*|kennw[oö]rt\p{L}*)[^.!?\n]{0,40}\bverschlüsselt\p{L}*`),
			emptyLink:  words(`^(?:bitte )?(?:hier(?: klicken)?|klicken sie(?: bitte)? hier|dieser link|link|mehr|weiterlesen|weiter|mehr erfahren|öffnen)[.!]?$`),
			everywhere: words(`überall|anderswo|andere[nr]? (?:\pL+ )?(?:dienste|diensten|konten|seiten|websites|stellen)|jede[mns] anderen (?:dienst|konto)`),
			there:      words(`dort`),
			change:     words(`(?:ändern|setzen|wechseln|ersetzen|erneuern|wählen|vergeben|verwenden|nutzen|benutzen) sie|(?:sollten|müssen|bitten|empfehlen|raten)\b[^.!?\n]{0,20}\b(?:sie|ihnen)\b[^.!?\n]{0,80}(?:ändern|wechseln|ersetzen|erneuern|zurücksetzen|zurückzusetzen)|bitte\b[^.!?\n]{0,80}(?:ändern|wechseln|ersetzen|erneuern|zurücksetzen)`),
			others:     words(`(?:jemand|angreifer\pL*|täter\pL*|kriminelle\pL*|betrüger\pL*|dritte\pL*|unbefugte\pL*|man|wer)`),
			marketing:  words(`sonderangebot|rabatt|gutschein|aktionscode|kostenlos testen|jetzt kaufen|newsletter|jetzt upgraden`),
			happened:   words(`was (?:ist )?(?:geschehen|passiert|vorgefallen)|wie (?:es|das) (?:geschehen|passiert|dazu)|(?:über|angaben zu|beschreibung) (?:de[rnms] |dem )?(?:vorfall|angriff|datenpanne)|^(?:der|die|zum|zur) (?:\pL+ )?(?:\pL*vorfall|\pL*angriff|datenpanne)[.:!?]*$`),
			people:     words(`(?:` + someCount + `|(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|[a-zäöüß]+zehn|[a-zäöüß]+zig)?[ -]?(?:dutzend|hundert|tausend|million)(?:en|e)?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|[a-zäöüß]+zehn|[a-zäöüß]+zig)(?: [\pL.-]+){0,3} (?:einwohner|bürger|personen|menschen|kund|nutzer|betroffene|patient|mitglieder)\pL*|(?:zahl|anzahl) der (?:\pL+ ){0,2}(?:einwohner|bürger|personen|menschen|kund|nutzer|betroffenen)\pL*`),
		}
	}),
}

// someCount is a number of more than one, with the marks between its thousands that
// languages have.
const someCount = `(?:[2-9]|[0-9]{2,})(?:[., ’'\x{a0}\x{202f}][0-9]{3})*`

// words compiles an expression that matches whole words in any case. Go's \b knows
// ASCII only, so that the ends are spelt out.
func words(expression string) *regexp.Regexp {
	if expression[0] == '^' {
		return regexp.MustCompile(`(?i)` + expression)
	}
	return regexp.MustCompile(`(?i)(?:^|[^\pL\pN])(?:` + expression + `)`)
}
