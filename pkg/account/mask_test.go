package account

import "testing"

func TestMaskName(t *testing.T) {
	for text, want := range map[string]string{
		"550 5.1.1 User Anna Secretname (x) unknown": "550 5.1.1 User *** *** (x) unknown",
		"user SECRETNAME is over quota":              "user *** is over quota",
		"Annabel is no word of it":                   "Annabel is no word of it",
		"550 no such user":                           "550 no such user",
	} {
		if got := MaskName(text, "Anna Secretname-Li"); got != want {
			t.Errorf("MaskName(%q) = %q, want %q", text, got, want)
		}
	}
	if got := MaskName("plain", ""); got != "plain" {
		t.Errorf("without a name: %q", got)
	}
}
