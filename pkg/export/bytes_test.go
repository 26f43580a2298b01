package export

import (
	"reflect"
	"strings"
	"testing"
)

func TestSign(t *testing.T) {
	for value, want := range map[string]string{
		"": "", "$2b$x": "$2b$x", " h ": " h ", "!": "!", `\x`: "", `\x2020`: "", `\x00`: "", `\xdeff`: "0xdeff", `\x2124`: "!$",
		`\xyz`: `\xyz`, `\xabc`: `\xabc`, "\xDE\xFF\x00": "0xdeff00", "\x00\x00": "", " \x00": "", "$2b$x\x00\x00": "$2b$x",
		"*\x00": "*", "!\xFF": "0x21ff", "ab\x00cd": "0x6162006364", "\x00\xDE": "0x00de",
	} {
		if got := sign(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}

// binarySources are the same accounts: one with a hash in bytes, one with a hash in text
// behind which there are zeros, and one with blank bytes and an identity in bytes.
func binarySources(t *testing.T) map[string]string {
	const mysql = "INSERT INTO `users` (`id`,`email`,`password`,`sso`) VALUES\n"
	return map[string]string{
		"mysqldump": file(t, "a.sql", mysql+"(1,'a@example.org',_binary '\xDE\xFF\\0',NULL),\n(2,'b@example.org',0x24327924780000,''),(3,'c@example.org',_binary '\\0 ',0xFF00);\n"),
		"mysqldump with definitions": file(t, "b.sql", "CREATE TABLE `users` (`id` int, `email` text, `password` varbinary(9), `sso` binary(2));\n"+
			"INSERT INTO `users` VALUES (1,'a@example.org','\xDE\xFF\\0',NULL),(2,'b@example.org','$2y$x\\0\\0','\\0\\0'),(3,'c@example.org','  ',0xFF00);\n"),
		"pg_dump": file(t, "c.sql", "SET client_encoding = 'UTF8';\nCREATE TABLE public.users (id integer, email text, password bytea, sso bytea);\n"+
			"COPY public.users (id, email, password, sso) FROM stdin;\n1\ta@example.org\t\\\\xdeff00\t\\N\n2\tb@example.org\t\\\\x2432792478\t\\\\x\n3\tc@example.org\t\\\\x2020\t\\\\xff00\n\\.\n"),
		"SQLite": sqliteDB(t, "a.db", "CREATE TABLE users(id INTEGER PRIMARY KEY, email TEXT, password BLOB, sso BLOB)",
			"INSERT INTO users VALUES(1,'a@example.org',x'deff00',NULL),(2,'b@example.org',x'24327924780000',x''),(3,'c@example.org',x'2000',x'ff00')"),
		"CSV of psql": file(t, "a.csv", "id,email,password,sso\n1,a@example.org,\\xdeff00,\n2,b@example.org,\\x2432792478,\\x\n3,c@example.org,\\x2020,\\xff00\n"),
	}
}

func TestAPasswordAndAnIdentityMayBeBytes(t *testing.T) {
	want := [][2]string{{"0xdeff00", ""}, {"$2y$x", ""}, {"", "0xff00"}}
	for kind, source := range binarySources(t) {
		for _, where := range []string{"", "id <> 'x'"} {
			var got [][2]string
			for _, rec := range mustCollect(t, Spec{Source: source, Where: where}) {
				got = append(got, [2]string{strings.TrimSpace(rec.Password), strings.TrimSpace(rec.SSO)})
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, where %q: %q, want %q", kind, where, got, want)
			}
		}
	}
}

func TestOtherFieldsMustBeText(t *testing.T) {
	dump := file(t, "a.sql", "CREATE TABLE `users` (`uid` binary(2), `mail` text, `full name` varbinary(9), `pw` text);\n"+
		"INSERT INTO `users` VALUES ('1','a@example.org','x','h'),\n('2','b@example.org','x','h'),('\\0z','c@example.org',0xFF,'h');\n")
	columns := Columns{ID: "uid", Email: "mail", Password: "pw"}
	named := Columns{ID: "pw", Email: "mail", Name: "full name"}
	preset := file(t, "b.sql", "CREATE TABLE `users` (`id` binary(2), `email` text, `encrypted_password` text);\n"+
		"INSERT INTO `users` VALUES (0xFF00,'a@example.org','h');\n")
	for name, c := range map[string]struct {
		spec Spec
		want []string
	}{
		"an id": {Spec{Source: dump, Columns: columns}, []string{"line 3, row 2 of it: the id, which is the column uid, is not UTF-8 text",
			"query: SELECT hex(uid) AS id, mail AS email, pw AS password FROM export"}},
		"an id, where": {Spec{Source: dump, Columns: columns, Where: "pw = 'h'"}, []string{"line 3, row 2 of it",
			"query: SELECT hex(uid) AS id, mail AS email, pw AS password FROM export WHERE pw = 'h'"}},
		"a name": {Spec{Source: dump, Columns: named}, []string{`line 3, row 2 of it: the name, which is the column "full name", is not UTF-8 text`,
			`SELECT pw AS id, mail AS email, iif(typeof("full name") = 'blob', NULL, "full name") AS name FROM export`, "iconv -f WINDOWS-1252"}},
		"a query":  {Spec{Source: dump, Query: "SELECT uid AS id, mail AS email FROM export"}, []string{"export.query: row 3: the id is not UTF-8 text", "SELECT hex(id) AS id"}},
		"a preset": {Spec{Source: preset, Preset: "devise"}, []string{"line 2: the id is not UTF-8 text", "in the place of the preset", "SELECT hex(id) AS id", "notify presets devise"}},
	} {
		got := mustFail(t, c.spec)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: error %q does not say %q", name, got, want)
			}
		}
	}
	advised := "SELECT hex(uid) AS id, mail AS email, pw AS password FROM export WHERE pw = 'h'"
	if got := ids(mustCollect(t, Spec{Source: dump, Query: advised})); got != "31 32 007A" {
		t.Errorf("the advised query gives the ids %q", got)
	}
}
