package presets

import (
	"strings"
	"testing"
)

func TestParseIsStrict(t *testing.T) {
	good, err := data.ReadFile("data/devise.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(good); err != nil {
		t.Fatalf("the file as it is: %v", err)
	}
	for _, c := range []struct{ why, from, to string }{
		{"an unknown key", "title:", "titel: x\ntitle:"},
		{"a key twice", "title:", "title: x\ntitle:"},
		{"a list that is none", "marks: [[encrypted_password]]", "marks: {a: b}"},
		{"an expression that is missing", "  password: export.encrypted_password\n", ""},
		{"no YAML", "name: devise", "name: [devise"},
	} {
		file := strings.Replace(string(good), c.from, c.to, 1)
		if file == string(good) {
			t.Fatalf("%s: nothing is changed", c.why)
		}
		if _, err := parse([]byte(file)); err == nil {
			t.Errorf("%s is taken", c.why)
		}
	}
}

func TestFilesAreDocumented(t *testing.T) {
	for _, p := range All() {
		for _, url := range p.Sources {
			if !strings.HasPrefix(url, "https://") {
				t.Errorf("%s: source %s is no URL", p.Name, url)
			}
		}
		if !strings.Contains(string(p.File()), "\n# ") {
			t.Errorf("%s: the file does not say how the vendor's signs are meant", p.Name)
		}
	}
}
