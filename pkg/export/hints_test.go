package export

import (
	"strings"
	"testing"

	"breachnotify/pkg/hint"
)

// Where a human can act, the first advice says how.
func TestErrorsHaveAdvice(t *testing.T) {
	csv := file(t, "a.csv", "id,email\n1,a@example.org\n")
	db := sqliteDB(t, "a.db", "CREATE TABLE users(id, email)", "CREATE TABLE orders(id)")
	dump := file(t, "a.sql", "INSERT INTO `users` (`id`,`email`) VALUES (1,'x');\nINSERT INTO `orders` (`id`) VALUES (1);\n")
	parts := file(t, "parts.sql", "COPY crm.users_eu (id, email) FROM stdin;\n1\tx\n\\.\nCOPY crm.users_us (id, email) FROM stdin;\n2\ty\n\\.\n")
	for want, spec := range map[string]Spec{
		"close it with )":                     {Source: csv, Where: "id IN (SELEC"},
		"take the ) away":                     {Source: csv, Where: "id = 1)"},
		"close it with ';":                    {Source: csv, Where: "id = 'a"},
		"close it with ]":                     {Source: csv, Where: "[id = 1"},
		"close it with */":                    {Source: csv, Where: "id = 1 /* x"},
		"take away the semicolon":             {Source: csv, Where: "id = 1; DROP TABLE export"},
		"one expression or one SELECT":        {Source: csv, Query: "SELECT id, email FROM export; SELECT 1"},
		"the SQL may only read":               {Source: csv, Where: "load_extension('x')"},
		"as in json_valid":                    {Source: csv, Where: "id || '{' ->> 'a' = 1"},
		"leave it out to select every row":    {Source: csv, Where: " "},
		"put the condition into the query":    {Source: csv, Where: "1", Query: "SELECT 1"},
		`the closest name is "users"`:         {Source: db, Table: "user"},
		`the closest name is "orders"`:        {Source: dump, Table: "order"},
		"--load-via-partition-root":           {Source: parts, Table: "crm.users"},
		"name one file of it":                 {Source: folderOf(csv)},
		"letters, digits and _":               {Source: csv, Where: "1", Tables: map[string]string{"a b": csv}},
		"such as affected":                    {Source: csv, Where: "1", Tables: map[string]string{"export": csv}},
		"write one of them to a file":         {Source: "-", Where: "1", Tables: map[string]string{"a": "-"}},
		"see that it holds the accounts":      {Source: file(t, "n.sql", "SET client_encoding = 'UTF8';\nCREATE TABLE public.users (\n);\n")},
		"with the table that holds":           {Source: file(t, "b.json", "[]")},
		"the header has blanks around it":     {Source: file(t, "b.csv", "id,email, password\n1,x,h\n")},
		`export.columns.name: " n"`:           {Source: file(t, "c.csv", "id,email, n\n1,x,h\n"), Columns: Columns{Name: "n"}},
		"the separator and the quote":         {Source: file(t, "d.csv", "id,email\n1, \"x\"\n")},
		"as in max_record: 1MB":               {Source: file(t, "e.csv", "id,email\n1,\""+strings.Repeat("x", 200)+"\"\n"), MaxRecord: 100},
		"nothing of an account is in the row": {Source: file(t, "x.csv", "id,email,name\n1,x,n\n,,\n")},
		"the line is blank":                   {Source: file(t, "y.csv", "id,email\n1,x\n  \n")},
		"the line is blank: take":             {Source: file(t, "z.csv", "id,email\n1,x\n\x1A")},
		"jq -c '.[].users[]' FILE":            {Source: file(t, "r.json", `[{"realm":"x","users":[{"id":"1"}]},{"realm":"y","users":[]}]`)},
		"as psql --csv does":                  {Source: file(t, "p.txt", " id | email\n----+------\n 1 | x\n")},
		"as mysql --batch does":               {Source: file(t, "m.txt", "+----+\n| id |\n+----+\n")},
		"the dump is damaged":                 {Source: file(t, "h.sql", "INSERT INTO `users` (`id`,`email`) VALUES (1,'x',2);\n")},
		"the dump is damaged or":              {Source: file(t, "o.sql", "SET client_encoding = 'UTF8';\nINSERT INTO users (id, email) VALUES (1);\n")},
		"unrar x":                             {Source: file(t, "a.rar", "Rar!\x1A\x07\x01\x00")},
		"tar -xvf":                            {Source: file(t, "a.tar", tarHead())},
		"look into it: a download may have":   {Source: file(t, "xml.sql", "<?xml version=\"1.0\"?>\n<mysqldump>\n")},
		"iconv -f UTF-16 -t UTF-8 " + "/":     {Source: file(t, "u.csv", "\xFF\xFEi\x00d\x00")},
		"an array of objects, an object that": {Source: file(t, "s.json", `[7]`)},
	} {
		_, _, _, err := collect(t.Context(), spec)
		advice := hint.Of(err)
		if err == nil || len(advice) == 0 || !strings.Contains(advice[0], want) {
			t.Errorf("error %v, advice %q, want %q first", err, advice, want)
		}
	}
}

func folderOf(path string) string { return path[:strings.LastIndexByte(path, '/')] }

// tarHead is the first header of a tar archive.
func tarHead() string {
	head := make([]byte, 1024)
	copy(head, "users.csv")
	copy(head[257:], "ustar\x0000")
	return string(head)
}

func TestSemicolonsAndSepLinesOfExcelAreRead(t *testing.T) {
	for name, content := range map[string]string{
		"semicolons":           "id;email;name\r\n1;a@example.org;\"A; \"\"B\"\", C\"\r\n",
		"a .tsv":               "id;email;name\n1;a@example.org;\"A; \"\"B\"\", C\"\n",
		"said":                 "sep=;\r\nid;email;name\r\n1;a@example.org;\"A; \"\"B\"\", C\"\r\n",
		"said, with a mark":    utf8Mark + "sep=;\nid;email;name\n1;a@example.org;\"A; \"\"B\"\", C\"\n",
		"said in upper case":   "SEP=|\r\nid|email|name\r\n1|a@example.org|\"A; \"\"B\"\", C\"",
		"commas that are said": "\nsep=,\nid,email,name\n1,a@example.org,\"A; \"\"B\"\", C\"\n",
	} {
		for _, where := range []string{"", "id = 1"} {
			path := file(t, "a.csv", content)
			if name == "a .tsv" {
				path = file(t, "a.tsv", content)
			}
			records := mustCollect(t, Spec{Source: path, Where: where})
			if len(records) != 1 || records[0].ID != "1" || records[0].Name != `A; "B", C` {
				t.Errorf("%s, where %q: %+v", name, where, records)
			}
			if line := int64(strings.Count(content[:strings.Index(content, "1")], "\n")) + 1; records[0].Line != line {
				t.Errorf("%s: line %d, want %d", name, records[0].Line, line)
			}
		}
	}
}

func TestALeanRealmExportIsNamed(t *testing.T) {
	const users = `"users":[{"id":"1","username":"a","email":"a@example.org","credentials":[{"type":"password"}]},{"id":"2","username":"b","federatedIdentities":[{"identityProvider":"x"}]}]}`
	for name, source := range map[string]string{
		"users alone":       file(t, "a.json", `{"realm":"x",`+users),
		"behind clients":    file(t, "b.json", `{"realm":"x","clients":[{"id":"c","clientId":"d"}],`+users),
		"with an id itself": file(t, "c.json", `{"id":"r","realm":"x","roles":{"realm":[{"id":"q","name":"n"}]},"groups":[{"id":"g"}],`+users),
	} {
		got := mustFail(t, Spec{Source: source})
		if !strings.Contains(got, "this looks like a Keycloak realm export") || !strings.Contains(got, "set export.preset: keycloak,") {
			t.Errorf("%s: error %q", name, got)
		}
		if got := ids(mustCollect(t, Spec{Source: source, Preset: "keycloak"})); got != "1 2" {
			t.Errorf("%s: ids %s with the preset", name, got)
		}
	}
}

func TestTheAuthSchemaOfSupabaseIsNotDevise(t *testing.T) {
	for _, more := range []string{"", ", raw_app_meta_data jsonb"} {
		dump := "CREATE TABLE auth.identities (user_id uuid, provider text);\nCREATE TABLE auth.users (id uuid, email text, encrypted_password text" + more + ");\n" +
			"CREATE TABLE public.profiles (id uuid, bio text);\nCOPY auth.users (id, email, encrypted_password) FROM stdin;\nu1\ta@example.org\tx\n\\.\n"
		for _, table := range []string{"", "auth.users"} {
			got := mustFail(t, Spec{Source: file(t, "a.sql", dump), Table: table})
			if !strings.Contains(got, "set export.preset: supabase,") || strings.Contains(got, "devise") {
				t.Errorf("with%q, table %q: error %q", more, table, got)
			}
		}
	}
}

func TestATableOfAnotherNameIsNamedWithItsPreset(t *testing.T) {
	dump := file(t, "a.sql", "CREATE TABLE `members` (`id` int, `email` text, `encrypted_password` text);\nINSERT INTO `members` VALUES (1,'a@example.org','x');\n")
	if got := mustFail(t, Spec{Source: dump}); !strings.Contains(got, "set export.preset: devise and export.table: members,") {
		t.Errorf("error %q", got)
	}
	if got := mustFail(t, Spec{Source: dump, Table: "members"}); !strings.Contains(got, "set export.preset: devise,") {
		t.Errorf("with the table the error is %q", got)
	}
	if got := ids(mustCollect(t, Spec{Source: dump, Table: "members", Preset: "devise"})); got != "1" {
		t.Errorf("ids %s, want 1", got)
	}
}
