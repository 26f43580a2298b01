package check

import "testing"

func TestAskingForASecretIsToldFromSpeakingOfOne(t *testing.T) {
	asks := map[string]bool{
		"Please send us your password by reply.":                                        true,
		"Reply with your current password.":                                             true,
		"If you are not sure, tell our staff the code that we sent you.":                true,
		"To keep your account, confirm your card number by e-mail.":                     true,
		"E-mail your password to the address below.":                                    true,
		"You must submit the verification code within a day.":                           true,
		"Bitte senden Sie uns Ihr Passwort.":                                            true,
		"Teilen Sie uns den Code mit.":                                                  true,
		"Your e-mail address and your password hash were involved.":                     false,
		"The data hold your name, your e-mail address and the password in hashed form.": false,
		"Criminals may share your password with others.":                                false,
		"Enter and confirm your new password on the reset page.":                        false,
		"Never send anybody your password.":                                             false,
		"Wir bestätigen, dass die Passwörter gehasht waren.":                            false,
		"Geben Sie Ihr neues Passwort auf unserer Seite ein.":                           false,
		"Geben Sie Ihr Passwort niemandem.":                                             false,
	}
	for sentence, want := range asks {
		s := testSubject(t)
		locale := "en"
		if sentenceIsGerman(sentence) {
			locale = "de"
		}
		only(locale)(s)
		say(sentence)(s)
		found := false
		for _, f := range run(t, s).Findings {
			found = found || f.Rule == "asks-secret"
		}
		if found != want {
			t.Errorf("%q is found: %t, want %t", sentence, found, want)
		}
	}
}

func sentenceIsGerman(sentence string) bool {
	return vocabularies["de"]().asking.MatchString(sentence) || sentence[:3] == "Wir"
}

func TestTelephoneNumbersAreToldFromDatesAndIDs(t *testing.T) {
	for text, want := range map[string]bool{
		"Call +49 30 901820.":              true,
		"Call 0800 123 4567.":              true,
		"Call (800) 555-0199.":             true,
		"Call 1-800-555-0199.":             true,
		"On 2026-09-08 we found it.":       false,
		"On 08.09.2026 we found it.":       false,
		"Your account is 1017.":            false,
		"It began at 08.09.2026 and ended": false,
	} {
		if got := hasTelephone(text); got != want {
			t.Errorf("%q has a telephone number: %t, want %t", text, got, want)
		}
	}
}

func TestHashedAndEncryptedInOneSentenceIsNoMistake(t *testing.T) {
	for sentence, want := range map[string]bool{
		"The passwords were encrypted.":                                    true,
		"Passwords are hashed, and payment data is encrypted.":             false,
		"The passwords were hashed, and the connection was encrypted too.": false,
	} {
		s := testSubject(t)
		say(sentence)(s)
		found := false
		for _, f := range run(t, s).Findings {
			found = found || f.Rule == "encrypted-hashed"
		}
		if found != want {
			t.Errorf("%q is found: %t, want %t", sentence, found, want)
		}
	}
}
