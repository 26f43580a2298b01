package bounce

import "testing"

func TestCodesAreFoundAmongOtherNumbers(t *testing.T) {
	for text, want := range map[string]codes{
		"550 5.1.1 no such user":                             {"550", "5.1.1"},
		"550-5.7.1 first line 550 5.7.1 second":              {"550", "5.7.1"},
		"host mx [192.0.2.250]: 451 4.3.0 try later":         {"451", "4.3.0"},
		"host 203.0.113.45 said: 552 over quota":             {"552", ""},
		"no mailbox here by that name (#5.1.1)":              {"", "5.1.1"},
		"554: delivery error":                                {"554", ""},
		"ERROR_CODE :550, ERROR_CODE :5.2.1 unknown":         {"550", "5.2.1"},
		"554 4.4.7 expired <421 4.4.2 connection timed out>": {"421", "4.4.2"},
		"250 2.1.5 ok":                                          {"250", "2.1.5"},
		"250 ok, then 550 5.1.1 no":                             {"550", "5.1.1"},
		"version 4.2.1 of the program at 10.5.5.1":              {"", ""},
		"SIZE=550 on port 525":                                  {"", ""},
		"see https://example.com/550/5.1.1":                     {"", ""},
		"2001:db8::550:1 is down":                               {"", ""},
		"5.1.10 recipient not found":                            {"", "5.1.10"},
		"5.01.1 is no code, nor 5.1.1.1":                        {"", ""},
		"the message ends with a full stop after code 5.2.2.":   {"", "5.2.2"},
		"Remote Server returned '550 5.1.10 RESOLVER.ADR; gone": {"550", "5.1.10"},
	} {
		if got := findCodes(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestServersOwnWordsGoBeforeTheFieldThatMapsThem(t *testing.T) {
	for name, test := range map[string]struct {
		field, diagnostic, inText string
		status                    string
		permanence                Permanence
	}{
		"full reply of another class":    {"4.0.0", "550 5.7.1 no", "", "5.7.1", Permanent},
		"full reply with another detail": {"5.1.1", "552 5.2.2 over quota", "", "5.2.2", Permanent},
		"code alone keeps the field":     {"5.1.1", "550 no such user", "", "5.1.1", Permanent},
		"vague field, status in text":    {"5.0.0", "", "550 5.7.26 unauthenticated", "5.7.26", Permanent},
		"clear field, other text":        {"5.1.6", "551 not our user", "550 5.1.1 unknown", "5.1.6", Permanent},
		"expired, and why":               {"4.4.7", "450 4.7.1 greylisted", "", "4.7.1", Transient},
		"no code, words of permanence":   {"", "user unknown", "", "", Permanent},
		"no code, words of transience":   {"", "retry timeout exceeded", "", "", Transient},
		"no code, network":               {"", "connection timed out", "", "", Transient},
		"nothing at all":                 {"", "", "", "", Permanent},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(Recipient{Action: ActionFailed, Status: test.field, Diagnostic: test.diagnostic}, test.inText)
			if got.Status != test.status || got.Permanence != test.permanence || !got.Final {
				t.Errorf("got %s %s final=%t, want %s %s", got.Status, got.Permanence, got.Final, test.status, test.permanence)
			}
		})
	}
}

func TestSizesAndTimesAreNoCodes(t *testing.T) {
	for _, text := range []string{
		"Timed out after 500 seconds", "the limit is 450 KB", "a delay of 240 min",
	} {
		if got := findCodes(text); got != (codes{}) {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}
