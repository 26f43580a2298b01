package export

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/classify"
	"breachnotify/pkg/export/presets"
)

// shownSigns is a record as the samples of package presets expect it: id, signs, email, name,
// locale.
func shownSigns(rec account.Record) []string {
	password, sso := classify.UsableHash(rec.Password), !account.IsNull(rec.SSO)
	word := map[[2]bool]string{{true, false}: "password", {false, true}: "sso", {true, true}: "both", {}: "neither"}
	return []string{rec.ID, word[[2]bool{password, sso}], rec.Email, rec.Name, rec.Locale}
}

func expected(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines[1:]
}

func checkSigns(t *testing.T, records []account.Record, want [][]string) {
	t.Helper()
	if len(records) != len(want) {
		t.Fatalf("%d accounts, want %d", len(records), len(want))
	}
	for i, rec := range records {
		if got := shownSigns(rec); !reflect.DeepEqual(got, want[i]) {
			t.Errorf("account %d is %q, want %q", i+1, got, want[i])
		}
	}
}

func TestASampleOfEachPresetIsRead(t *testing.T) {
	samples, err := filepath.Glob("presets/testdata/*.json")
	if err != nil || len(samples) == 0 {
		t.Fatal(samples, err)
	}
	for _, sample := range samples {
		name := strings.TrimSuffix(filepath.Base(sample), ".json")
		t.Run(name, func(t *testing.T) {
			want := expected(t, strings.TrimSuffix(sample, ".json")+".csv")
			for _, where := range []string{"", "email IS NULL OR email IS NOT NULL"} {
				s, err := Open(t.Context(), Spec{Source: sample, Preset: name, Where: where})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				var records []account.Record
				for rec, err := range s.Records(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					records = append(records, rec)
				}
				checkSigns(t, records, want)
				preset, err := presets.Get(name)
				if err != nil || s.Signs() != preset.Signs || s.Read() != int64(len(want)) {
					t.Errorf("signs %+v of %d accounts, %v", s.Signs(), s.Read(), err)
				}
			}
			got := mustFail(t, Spec{Source: sample})
			if !strings.Contains(got, "this looks like") || !strings.Contains(got, "export.preset: "+name) {
				t.Errorf("without a preset the error is %q", got)
			}
		})
	}
}

func TestFirebaseIsReadWithoutAHeaderLine(t *testing.T) {
	source, err := os.ReadFile("presets/testdata/firebase-headerless.rows")
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, "accounts.csv", string(source))
	want := expected(t, "presets/testdata/firebase-headerless.csv")
	checkSigns(t, mustCollect(t, Spec{Source: path, Preset: "firebase"}), want)
	preset, err := presets.Get("firebase")
	if err != nil {
		t.Fatal(err)
	}
	header := strings.Join(preset.Header.Names, ",")
	lines := strings.Split(strings.TrimSuffix(string(source), "\n"), "\n")
	for i, line := range lines {
		r := csv.NewReader(strings.NewReader(line))
		fields, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		lines[i] += strings.Repeat(",", max(0, len(preset.Header.Names)-len(fields)))
		if len(fields) > len(preset.Header.Names) {
			lines[i] = strings.TrimSuffix(line, ",")
		}
	}
	withHeader := file(t, "accounts.csv", header+"\n"+strings.Join(lines, "\n")+"\n")
	checkSigns(t, mustCollect(t, Spec{Source: withHeader, Preset: "firebase"}), want)
	if got := mustFail(t, Spec{Source: path}); !strings.Contains(got, "export.preset: firebase") {
		t.Errorf("without a preset the error is %q", got)
	}
}

const supabasePG = `SET standard_conforming_strings = on;
CREATE TABLE auth.audit_log_entries (id uuid, payload json);
CREATE TABLE auth.identities (provider_id text, user_id uuid, provider text);
CREATE TABLE auth.users (id uuid, email character varying(255), encrypted_password text, raw_app_meta_data jsonb, raw_user_meta_data jsonb);
CREATE TABLE public.users (id integer, nickname text);

COPY auth.audit_log_entries (id, payload) FROM stdin;
1	{}
\.
COPY auth.identities (provider_id, user_id, provider) FROM stdin;
x	u1	email
y	u2	google
\.
COPY auth.users (id, email, encrypted_password, raw_app_meta_data, raw_user_meta_data) FROM stdin;
u1	ann@example.org	$2a$x	{"provider": "email"}	{"full_name": "Ann"}
u2	bob@example.org	\N	{}	{}
u3	eve@example.org	\N	\N	\N
\.
COPY public.users (id, nickname) FROM stdin;
9	nobody
\.
`

func TestAPresetFindsItsTablesInADump(t *testing.T) {
	source := file(t, "d.sql", supabasePG)
	all := [][]string{{"u1", "password", "ann@example.org", "Ann", ""}, {"u2", "sso", "bob@example.org", "", ""}, {"u3", "neither", "eve@example.org", "", ""}}
	affected := file(t, "a.csv", "uid,mail\nu2,BOB@example.org\nu9,x@example.org\n")
	for name, c := range map[string]struct {
		where string
		want  [][]string
	}{
		"all":                             {"", all},
		"by a raw column":                 {"json_extract(raw_user_meta_data, '$.full_name') = 'Ann'", all[:1]},
		"by a field that is no column":    {"name = 'Ann'", all[:1]},
		"by a field of the preset":        {"sso IS NOT NULL", all[1:2]},
		"by a list":                       {"id IN (SELECT uid FROM affected)", all[1:2]},
		"by a table that it has":          {"id IN (SELECT user_id FROM identities WHERE provider = 'email')", all[:1]},
		"by one that it does not know":    {"(SELECT count(*) FROM audit_log_entries) = 1", all},
		"by the export itself":            {"id IN (SELECT id FROM export WHERE email LIKE 'e%')", all[2:]},
		"by a table that is not the base": {`id NOT IN (SELECT nickname FROM "public.users")`, all},
	} {
		t.Run(name, func(t *testing.T) {
			spec := Spec{Source: source, Preset: "supabase", Where: c.where}
			if strings.Contains(c.where, "affected") {
				spec.Tables = map[string]string{"affected": affected}
			}
			if name == "by one that it does not know" {
				if got := mustFail(t, spec); !strings.Contains(got, "no column of audit_log_entries is used") {
					t.Errorf("error %q", got)
				}
				return
			}
			checkSigns(t, mustCollect(t, spec), c.want)
		})
	}
	for want, spec := range map[string]Spec{
		"no column of identities is used":  {Source: source, Preset: "supabase", Where: "id IN (SELECT email FROM identities)"},
		"unknown preset \"supabas\"":       {Source: source, Preset: "supabas"},
		"preset keycloak: ":                {Source: source, Preset: "keycloak"},
		"has no column":                    {Source: source, Preset: "supabase", Table: "public.users"},
		"export.preset is set together":    {Source: source, Preset: "supabase", Query: "SELECT 1"},
		"export.preset: supabase":          {Source: source},
		"ambiguous column name: name":      {Source: source, Preset: "supabase", Where: "id IN (SELECT uid FROM affected WHERE mail = 'x' AND name = 'y')", Tables: map[string]string{"affected": affected}},
		"no such column: nosuch":           {Source: source, Preset: "supabase", Where: "nosuch = 1"},
		"sso, locale":                      {Source: source, Preset: "supabase", Where: "nosuch = 1"},
		"as text, 9 comes after 10":        {Source: source, Preset: "supabase", Where: "password > 5"},
		"text is in single quotes: 'Anna'": {Source: source, Preset: "supabase", Where: `name = "Anna"`},
	} {
		if got := mustFail(t, spec); !strings.Contains(got, want) {
			t.Errorf("error %q does not say %q", got, want)
		}
	}
}

func TestAPresetReadsSQLiteAndFurtherFiles(t *testing.T) {
	source := sqliteDB(t, "app.sqlite3",
		"CREATE TABLE auth_user(id INTEGER PRIMARY KEY, password TEXT, email TEXT, first_name TEXT, is_active BOOLEAN, is_staff BOOLEAN, date_joined TEXT)",
		"CREATE TABLE django_session(session_key)", "CREATE TABLE socialaccount_socialaccount(id INTEGER, user_id INTEGER, provider)",
		"INSERT INTO auth_user VALUES(3, 'pbkdf2_sha256$1$x', 'a@x.org', 'Ann', 1, 0, ''), (5, '!unusable', 'b@x.org', NULL, 0, 0, ''), (8, '!', 'c@x.org', '', 1, 0, '')",
		"INSERT INTO socialaccount_socialaccount VALUES(1, 5, 'github')")
	want := [][]string{{"3", "password", "a@x.org", "Ann", ""}, {"5", "sso", "b@x.org", "", ""}, {"8", "neither", "c@x.org", "", ""}}
	records := mustCollect(t, Spec{Source: source, Preset: "django"})
	checkSigns(t, records, want)
	if records[2].Line != 8 {
		t.Errorf("line %d, want the rowid", records[2].Line)
	}
	checkSigns(t, mustCollect(t, Spec{Source: source, Preset: "django", Where: "is_active AND id > 3"}), want[2:])
	social := file(t, "s.csv", "user_id,provider\n8,okta\n")
	got := mustCollect(t, Spec{
		Source: file(t, "u.csv", "id,email,password\n3,a@x.org,hash\n8,c@x.org,!\n"), Preset: "django", Where: "1 OR id IN (SELECT user_id FROM social_auth_usersocialauth)",
		Tables: map[string]string{"social_auth_usersocialauth": social},
	})
	checkSigns(t, got, [][]string{{"3", "password", "a@x.org", "", ""}, {"8", "sso", "c@x.org", "", ""}})
}
