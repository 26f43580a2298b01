package presets_test

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/classify"
	"breachnotify/pkg/export/presets"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

func get(t testing.TB, name string) presets.Preset {
	t.Helper()
	p, err := presets.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// open stages one of the samples.
func open(t testing.TB, name string) *source {
	t.Helper()
	if script, err := os.ReadFile("testdata/" + name + ".sql"); err == nil {
		return fromSQL(t, string(script))
	}
	file, err := os.Open("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return fromJSON(t, file)
}

// shown is a record as the files of expectations have it: id, signs, email, name, locale.
func shown(r record) []string {
	password, sso := classify.UsableHash(r.password), !account.IsNull(r.sso)
	signs := map[[2]bool]string{{true, false}: "password", {false, true}: "sso", {true, true}: "both", {}: "neither"}[[2]bool{password, sso}]
	return []string{r.id, signs, r.email, r.name, r.locale}
}

func check(t *testing.T, got []record, want [][]string) {
	t.Helper()
	want = want[1:]
	if len(got) != len(want) {
		t.Errorf("%d accounts, want %d: nobody may be left out", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(shown(got[i]), want[i]) {
			t.Errorf("account %d is %q\nwant %q (password %q, sso %q)", i+1, shown(got[i]), want[i], got[i].password, got[i].sso)
		}
	}
}

func TestSamples(t *testing.T) {
	for _, name := range presets.Names() {
		t.Run(name, func(t *testing.T) {
			check(t, open(t, name).run(t, get(t, name)), readCSV(t, "testdata/"+name+".csv"))
		})
	}
}

func TestRecogniseSamples(t *testing.T) {
	for _, name := range presets.Names() {
		if got, ok := presets.Recognise(open(t, name).tables); !ok || got != name {
			t.Errorf("the sample of %s is recognised as %q, %t", name, got, ok)
		}
	}
}

func TestFirebaseWithoutHeader(t *testing.T) {
	p := get(t, "firebase")
	s := newSource(t)
	table := rows.Table{}
	for _, name := range p.Header.Names {
		table.Columns = append(table.Columns, rows.Column{Name: name})
	}
	var values [][]any
	for _, line := range readCSV(t, "testdata/firebase-headerless.rows") {
		if name, ok := presets.Headerless(len(line)); !ok || name != "firebase" {
			t.Errorf("a line of %d fields is that of %q, %t", len(line), name, ok)
		}
		var row []any
		for _, field := range line[:min(len(line), len(table.Columns))] {
			row = append(row, field)
		}
		values = append(values, row)
	}
	s.add(t, table, values)
	check(t, s.run(t, p), readCSV(t, "testdata/firebase-headerless.csv"))
}

func TestWithoutFurtherTables(t *testing.T) {
	for _, c := range []struct{ preset, drop, id, signs string }{
		{"django", "DROP TABLE public.social_auth_usersocialauth", "2", "neither"},
		{"django", "DROP TABLE public.social_auth_usersocialauth", "4", "sso"},
		{"django", "DROP TABLE public.socialaccount_socialaccount", "4", "neither"},
		{"supabase", "DROP TABLE auth.identities", "00000000-0000-4000-8000-000000000003", "both"},
		{"supabase", "DROP TABLE auth.identities", "00000000-0000-4000-8000-000000000005", "sso"},
		{"supabase", "DROP TABLE auth.identities", "00000000-0000-4000-8000-000000000004", "neither"},
	} {
		s := open(t, c.preset)
		s.exec(t, c.drop)
		s.tables, s.names = nil, nil
		s.list(t)
		all := s.run(t, get(t, c.preset))
		i := slices.IndexFunc(all, func(r record) bool { return r.id == c.id })
		if i < 0 || shown(all[i])[1] != c.signs {
			t.Errorf("%s, after %s: account %s is %q, want %s", c.preset, c.drop, c.id, all[max(i, 0)], c.signs)
		}
	}
}

// hostile are values that any column may hold.
var hostile = []any{
	nil, "", " ", "null", "[", "{", "[]", "{}", "[null]", "[[]]", "[{}]", `[{"provider":null}]`, `"auth0"`, "7", "1e999", "auth0", "!x", `{"provider":{"type":null}}`,
	"[{\"provider\":\"auth0\"", strings.Repeat("[", 2000), strings.Repeat("[", 2000) + strings.Repeat("]", 2000), "'; DROP TABLE export; --",
	int64(0), int64(7), int64(-1 << 63), 1.5, []byte("[{\"provider\":\"auth0\""), []byte{0xff, 0x00, 0x12}, []byte{0x0b, 0xff}, []byte{}, "\xff\xfe", "[\"\xff\"]", "{\"a\":\"\\u0000\"}",
	`[{"Name":"email","Value":{"a":1}},{"Name":"identities","Value":"[1"}]`, `{"providers":"email"}`, `{"providers":{"a":"email"}}`, `{"locale":{}}`,
}

func TestHostileValuesAreNoSignAndNoFailure(t *testing.T) {
	for _, p := range presets.All() {
		t.Run(p.Name, func(t *testing.T) {
			table := rows.Table{Name: strings.TrimPrefix(p.Export.Names[0], "auth.")}
			if table.Name != p.Export.Names[0] {
				table.Schema = "auth"
			}
			for _, name := range slices.Concat(p.Export.Columns, p.Export.Optional) {
				table.Columns = append(table.Columns, rows.Column{Name: name})
			}
			hashes := []string{"password", "encrypted_password", "passwordHash"}
			var values [][]any
			for i := range table.Columns {
				for _, bad := range hostile {
					row := make([]any, len(table.Columns))
					row[i] = bad
					row[0] = "id" // the first column of each preset
					values = append(values, row)
				}
			}
			s := newSource(t)
			s.add(t, table, values)
			all := s.run(t, p)
			if len(all) != len(values) {
				t.Fatalf("%d accounts of %d rows", len(all), len(values))
			}
			for i, r := range all {
				column := table.Columns[i/len(hostile)].Name
				if slices.Contains(hashes, column) {
					continue // any text may be a hash
				}
				if bad := hostile[i%len(hostile)]; classify.UsableHash(r.password) {
					t.Errorf("%v in %s is a password", bad, column)
				}
			}
		})
	}
}

// TestViewNarrowsByRawAndCanonicalNames holds that the expressions work within a view that
// is itself named export, as one that has the names of the fields besides those of the source.
func TestViewNarrowsByRawAndCanonicalNames(t *testing.T) {
	for _, c := range []struct {
		preset, fields, where string
		want                  []string
	}{
		{"auth0", "id", "id IN ('auth0|1003', 'auth0|1007', 'nobody') AND blocked", []string{"auth0|1007"}},
		{"cognito", "id email name", "email = 'linked@example.com' AND UserStatus = 'CONFIRMED' AND Enabled = 1", []string{"c-03"}},
		{"okta", "email name", "status = 'SUSPENDED' AND id LIKE '00u%' AND email <> ''", []string{"00u07"}},
		{"django", "name sso", "NOT is_active AND sso IS NULL AND id < 7", []string{"6"}},
	} {
		t.Run(c.preset, func(t *testing.T) {
			p := get(t, c.preset)
			s := open(t, c.preset)
			s.run(t, p) // makes the further tables
			at, err := p.Find(s.tables)
			if err != nil {
				t.Fatal(err)
			}
			names := map[string]string{"id": p.Select.ID, "email": p.Select.Email, "name": p.Select.Name, "sso": p.Select.SSO}
			columns := "export.*, (" + p.Select.ID + ") AS own_id"
			for name := range strings.FieldsSeq(c.fields) {
				if expression := names[name]; expression != "" {
					columns += ", (" + expression + ") AS " + name
				}
			}
			s.exec(t, "CREATE TEMP VIEW export AS SELECT "+columns+" FROM ("+s.padded(p.Export, at.Export)+") AS export")
			var got []string
			for _, r := range s.query(t, "SELECT own_id, '', '', '', '', '' FROM export WHERE ("+c.where+")") {
				got = append(got, r.id)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("where %s selects %q, want %q", c.where, got, c.want)
			}
		})
	}
}

func TestGet(t *testing.T) {
	want := []string{"auth0", "cognito", "devise", "django", "firebase", "keycloak", "okta", "supabase"}
	if got := presets.Names(); !reflect.DeepEqual(got, want) {
		t.Errorf("Names = %q, want %q", got, want)
	}
	_, err := presets.Get("keyclock")
	if !errors.Is(err, presets.ErrUnknown) || !strings.Contains(err.Error(), strings.Join(want, ", ")) {
		t.Errorf("error %v, want one that lists the names", err)
	}
	if advice := hint.Of(err); !reflect.DeepEqual(advice, []string{`the closest name is "keycloak"`}) {
		t.Errorf("advice %q", advice)
	}
	if file := string(get(t, "okta").File()); !strings.HasPrefix(file, "name: okta\n") {
		t.Errorf("the file of okta begins %.20q", file)
	}
}

func TestFindNamesWhatIsMissing(t *testing.T) {
	columns := func(names ...string) []rows.Column {
		var all []rows.Column
		for _, name := range names {
			all = append(all, rows.Column{Name: name})
		}
		return all
	}
	for _, c := range []struct {
		preset string
		tables []rows.Table
		want   string
	}{
		{"keycloak", []rows.Table{{Name: "clients"}, {Name: "groups"}}, "preset keycloak: no table users; there are: clients, groups"},
		{"keycloak", []rows.Table{{Name: "users", Columns: columns("id", "username")}}, "preset keycloak: table users has no column credentials"},
		{"auth0", []rows.Table{{Columns: columns("user_id", "email")}}, "preset auth0: the export has no column identities"},
		{"auth0", nil, "preset auth0: no table users; there are: none"},
		{"django", []rows.Table{{Schema: "a", Name: "auth_user"}, {Schema: "b", Name: "auth_user"}}, "preset django: the name auth_user fits several tables: table a.auth_user and table b.auth_user"},
	} {
		_, err := get(t, c.preset).Find(c.tables)
		if err == nil || err.Error() != c.want {
			t.Errorf("error %v\nwant %s", err, c.want)
		}
		if len(hint.Of(err)) == 0 {
			t.Errorf("%v: no advice", err)
		}
	}
}

func TestFindTakesTheBestName(t *testing.T) {
	users := []rows.Column{{Name: "ID"}, {Name: "Email"}, {Name: "encrypted_password"}}
	tables := []rows.Table{{Schema: "public", Name: "users", Columns: users}, {Schema: "public", Name: "identities"}, {Schema: "auth", Name: "users", Columns: users},
		{Schema: "auth", Name: "identities", Columns: []rows.Column{{Name: "user_id"}, {Name: "provider"}}}}
	found, err := get(t, "supabase").Find(tables)
	if want := (presets.Found{Export: 2, Tables: []int{3}}); err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("Find = %+v, %v; want %+v", found, err, want)
	}
}

// tableOf makes a table of words: its name, which may have a schema, or -; and its columns.
func tableOf(words string) rows.Table {
	fields := strings.Fields(words)
	var t rows.Table
	if schema, name, ok := strings.Cut(fields[0], "."); ok {
		t.Schema, t.Name = schema, name
	} else {
		t.Name = strings.TrimPrefix(fields[0], "-")
	}
	for _, name := range fields[1:] {
		t.Columns = append(t.Columns, rows.Column{Name: name})
	}
	return t
}

func TestRecogniseLeanExports(t *testing.T) {
	for words, want := range map[string]string{
		"- user_id email identities":                                             "auth0",
		"Users Username Attributes UserStatus":                                   "cognito",
		"users id email encrypted_password":                                      "devise",
		"public.users id email encrypted_password provider uid":                  "devise",
		"auth_user id email password":                                            "django",
		"- id password last_login is_superuser email":                            "django",
		"users localId email passwordHash salt":                                  "firebase",
		"users localId email providerUserInfo":                                   "firebase",
		"users id username email credentials federatedIdentities":                "keycloak",
		"users id username credentials":                                          "keycloak",
		"- id profile credentials":                                               "okta",
		"auth.users id email encrypted_password":                                 "supabase",
		"auth.users id email encrypted_password raw_app_meta_data":               "supabase",
		"- id email encrypted_password raw_user_meta_data":                       "supabase",
		"auth.users instance_id id aud role email encrypted_password created_at": "supabase",
	} {
		tables := []rows.Table{tableOf("crm.orders id total"), tableOf(words), tableOf("auth.identities user_id provider")}
		if got, ok := presets.Recognise(tables); !ok || got != want {
			t.Errorf("%s is recognised as %q, %t; want %s", words, got, ok, want)
		}
	}
}

func TestRecogniseOnlyWhatFits(t *testing.T) {
	for _, tables := range [][]rows.Table{
		nil,
		{tableOf("- id email password")},
		{tableOf("users id email")},
		{tableOf("users id email password username credentials")},
		{tableOf("users id email password localid passwordhash")},
		{tableOf("users id email password username userstatus attributes")},
		{tableOf("users id email password username is_active is_staff")},
		{tableOf("users id email password profile credentials")},
		{tableOf("- user_id email password identities")},
		{tableOf("users localId email")},
		{tableOf("Users Username UserStatus")},
		{tableOf("auth.users id email password")},
	} {
		if name, ok := presets.Recognise(tables); ok || name != "" {
			t.Errorf("%v is recognised as %s", tables, name)
		}
	}
	if name, ok := presets.Headerless(6); ok {
		t.Errorf("6 fields are those of %s", name)
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*presets.Preset){
		"title is not set":                   func(p *presets.Preset) { p.Title = " " },
		"select.password is not set":         func(p *presets.Preset) { p.Select.Password = "" },
		"sources, formats or marks":          func(p *presets.Preset) { p.Sources = nil },
		"want export, which is always there": func(p *presets.Preset) { p.Export.Absent = true },
		"used and not declared":              func(p *presets.Preset) { p.Select.Name = "export.first" },
		"the mark first is no column":        func(p *presets.Preset) { p.Marks = [][]string{{"first"}} },
		"own, is no name of export":          func(p *presets.Preset) { p.Own = []string{"people"} },
		"has no names or no columns":         func(p *presets.Preset) { p.Tables = []presets.Table{{As: "a", Names: []string{"a"}}} },
		"want a name of its own":             func(p *presets.Preset) { p.Tables = []presets.Table{{As: "export"}} },
		"twice":                              func(p *presets.Preset) { p.Export.Optional = []string{"LocalID"} },
		"header.least is 29 of 28":           func(p *presets.Preset) { p.Header.Least = 29 },
		"the header lacks columns":           func(p *presets.Preset) { p.Header = presets.Header{Names: []string{"a"}, Least: 1, Advice: "x"} },
	} {
		p := get(t, "firebase")
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
