package export

import (
	"strings"
	"testing"

	"breachnotify/pkg/hint"
)

const ordered = "user_id,email,n\n9,a@x.org,2\n10,b@x.org,10\n100,c@x.org,9\n"

var orderedColumns = Columns{ID: "user_id"}

func TestTextIsNotComparedByOrderWithANumber(t *testing.T) {
	tables := map[string]string{"affected": file(t, "b.csv", "uid,score\n9,5\n")}
	source := file(t, "a.csv", ordered)
	for where, want := range map[string]string{
		"user_id < 10":                         "CAST(user_id AS INTEGER) < 10",
		"USER_ID<=10":                          "CAST(USER_ID AS INTEGER)<=10",
		"10 > user_id":                         "10 > CAST(user_id AS INTEGER)",
		"user_id >= -1":                        "CAST(user_id AS INTEGER) >= -1",
		"user_id > + 1.5":                      "CAST(user_id AS INTEGER) > + 1.5",
		"user_id > .5":                         "CAST(user_id AS INTEGER) > .5",
		"user_id < 1e-3":                       "CAST(user_id AS INTEGER) < 1e-3",
		"user_id < 0xFF":                       "CAST(user_id AS INTEGER) < 0xFF",
		"user_id < (10)":                       "CAST(user_id AS INTEGER) < (10)",
		"((user_id)) < 10":                     "CAST(((user_id)) AS INTEGER) < 10",
		"email = 'x' AND (user_id) < 10":       "CAST((user_id) AS INTEGER) < 10",
		"+user_id < 10":                        "CAST(+user_id AS INTEGER) < 10",
		"user_id < 2 * 5":                      "CAST(user_id AS INTEGER) < 2 * 5",
		"user_id < length(email) + length(n)":  "CAST(user_id AS INTEGER) < length(email) + length(n)",
		"n + 0 > user_id":                      "n + 0 > CAST(user_id AS INTEGER)",
		"user_id COLLATE NOCASE < 10":          "CAST(user_id COLLATE NOCASE AS INTEGER) < 10",
		"id < 10":                              "CAST(id AS INTEGER) < 10",
		"export.user_id < 10":                  "CAST(export.user_id AS INTEGER) < 10",
		`"user_id" < 10`:                       `CAST("user_id" AS INTEGER) < 10`,
		"`export`.[user_id] < 10":              "CAST(`export`.[user_id] AS INTEGER) < 10",
		"user_id /* < 9 */ < -- no\n 10":       "CAST(user_id AS INTEGER) /* < 9 */ < -- no\n 10",
		"user_id BETWEEN 1 AND 10":             "CAST(user_id AS INTEGER) BETWEEN 1 AND 10",
		"user_id NOT BETWEEN '1' AND 10":       "CAST(user_id AS INTEGER) NOT BETWEEN '1' AND 10",
		"10 BETWEEN n AND user_id":             "10 BETWEEN CAST(n AS INTEGER) AND user_id",
		"n = '2' OR NOT user_id > 9":           "CAST(user_id AS INTEGER) > 9",
		"0 < user_id < 10":                     "0 < CAST(user_id AS INTEGER)",
		"CASE WHEN user_id < 10 THEN 1 END":    "CAST(user_id AS INTEGER) < 10",
		"ifnull(user_id, 0) < 10":              "CAST(ifnull(user_id, 0) AS INTEGER) < 10",
		"trim(replace(user_id, ',', '')) < 10": "CAST(trim(replace(user_id, ',', '')) AS INTEGER) < 10",
		"EXISTS (SELECT 1 FROM affected WHERE uid = user_id AND score >= 5)":            "CAST(score AS INTEGER) >= 5",
		"user_id IN (SELECT a.uid FROM affected AS a WHERE a.score < 10)":               "CAST(a.score AS INTEGER) < 10",
		"user_id IN (SELECT u FROM (SELECT uid AS u FROM affected) WHERE u < 10)":       "CAST(u AS INTEGER) < 10",
		"user_id IN (SELECT uid FROM affected GROUP BY uid HAVING max(score) > 5)":      "CAST(max(score) AS INTEGER) > 5",
		"user_id IN (WITH w AS (SELECT * FROM affected) SELECT uid FROM w WHERE uid>9)": "CAST(uid AS INTEGER)>9",
	} {
		t.Run(where, func(t *testing.T) {
			_, err := Open(t.Context(), Spec{Source: source, Columns: orderedColumns, Where: where, Tables: withUse(where, tables)})
			if err == nil {
				t.Fatal("no error")
			}
			got := err.Error() + "\n" + strings.Join(hint.Of(err), "\n")
			if !strings.HasPrefix(got, "export.where: "+where+": ") || !strings.Contains(got, "compared by order with a number") ||
				!strings.Contains(got, "compare numbers: "+want+",") {
				t.Errorf("error %q does not say %q", got, want)
			}
		})
	}
}

// withUse returns the tables if the clause names any.
func withUse(clause string, tables map[string]string) map[string]string {
	if strings.Contains(clause, "affected") {
		return tables
	}
	return nil
}

func TestOtherComparisonsAreLeftAlone(t *testing.T) {
	tables := map[string]string{"affected": sqliteDB(t, "b.db", "CREATE TABLE affected(uid INTEGER, score INTEGER)", "INSERT INTO affected VALUES(9, 5), (10, 50)")}
	source := file(t, "a.csv", ordered)
	for where, want := range map[string]string{
		"CAST(user_id AS INTEGER) < 10":             "9",
		"cast(user_id as real) BETWEEN 9.5 AND 1e2": "10 100",
		"user_id + 0 < 10":                          "9",
		"10 > user_id * 1":                          "9",
		"-user_id > -10":                            "9",
		"length(user_id) > 2":                       "100",
		"10 <= CAST(user_id AS INTEGER)":            "10 100",
		"user_id < CAST(10 AS INTEGER)":             "9",
		"ifnull(CAST(user_id AS INTEGER), 0) < 10":  "9",
		"max(CAST(user_id AS INTEGER), 5) < 10":     "9",
		"trim(user_id) + 0 < 10":                    "9",
		"user_id < '10'":                            "",
		"email > 'a@y' AND n < '5'":                 "10",
		"user_id = 10 OR user_id IN (9)":            "9 10",
		"user_id <> 10":                             "9 100",
		"rowid < 4":                                 "9 10",
		"(SELECT count(uid) FROM affected) > 1":     "9 10 100",
		"'user_id < 10' <> ''":                      "9 10 100",
		"n = '10' /* n < 5 */ -- n < 5":             "10",
		"user_id IN (SELECT uid FROM affected WHERE affected.score < 10)":           "9",
		"EXISTS (SELECT 1 FROM affected a WHERE a.uid = user_id AND a.score >= 50)": "10",
		"EXISTS (SELECT 1 FROM affected a WHERE export.user_id < a.uid)":            "9",
		"n << 1 > 18":          "10",
		"user_id || '' >= '9'": "9",
		"n ->> '$' < 9":        "9",
		"CASE user_id WHEN 9 THEN 1 END > 0 AND email LIKE 'a%' AND 1 < 2": "9",
	} {
		t.Run(where, func(t *testing.T) {
			spec := Spec{Source: source, Columns: orderedColumns, Where: where, Tables: withUse(where, tables)}
			if got := ids(mustCollect(t, spec)); got != want {
				t.Errorf("selects %q, want %q", got, want)
			}
		})
	}
}

func TestOrderInAQuery(t *testing.T) {
	source := file(t, "a.csv", ordered)
	for query, refused := range map[string]bool{
		"SELECT user_id AS id, email FROM export WHERE user_id < 10":                                                true,
		"SELECT id, email FROM (SELECT user_id AS id, email FROM export) WHERE id < 10":                             true,
		"SELECT e.*, user_id AS id FROM export AS e WHERE e.user_id > 10":                                           true,
		"SELECT user_id AS id, email FROM export ORDER BY n < 10":                                                   true,
		"SELECT min(user_id) AS id, email FROM export GROUP BY n HAVING min(user_id) > 10":                          true,
		"SELECT user_id AS id, email FROM export ORDER BY n LIMIT 10":                                               false,
		"SELECT user_id AS id, email FROM export WHERE CAST(user_id AS INTEGER) < 10":                               false,
		"SELECT k AS id, email FROM (SELECT CAST(user_id AS INTEGER) AS k, email FROM export) WHERE k < 10":         false,
		"SELECT user_id AS id, email, count(*) OVER (ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING) AS name FROM export": false,
	} {
		s, err := Open(t.Context(), Spec{Source: source, Query: query})
		if (err != nil && strings.Contains(err.Error(), "compared by order")) != refused {
			t.Errorf("%s: error %v, want it refused: %t", query, err, refused)
		}
		if err == nil {
			s.Close()
		}
	}
}

func TestColumnsOfSQLiteFilesAreComparedAsTheyAre(t *testing.T) {
	list := map[string]string{"affected": file(t, "b.csv", "id,score\n9,5\n")}
	for _, idType := range []string{"INTEGER", "TEXT", ""} {
		source := sqliteDB(t, "a.db", "CREATE TABLE users(id "+idType+", email TEXT)", "INSERT INTO users VALUES(9, 'a'), (10, 'b')")
		where := "id > 9 OR export.id > 9 OR EXISTS (SELECT 1 FROM affected WHERE export.id > 9 AND affected.id = 9)"
		mustCollect(t, Spec{Source: source, Where: where, Tables: list})
		for _, where := range []string{"id IN (SELECT id FROM affected WHERE id > 9)", "EXISTS (SELECT 1 FROM affected AS a WHERE a.score > 9)"} {
			if got := mustFail(t, Spec{Source: source, Where: where, Tables: list}); !strings.Contains(got, "compared by order") {
				t.Errorf("%s: error %q", where, got)
			}
		}
	}
}

// FuzzOrder takes the advice as often as it is given: the clause must be accepted in the
// end.
func FuzzOrder(f *testing.F) {
	for _, seed := range []string{
		"n < 10", "1 > n", "n BETWEEN - 1 AND .5", "not n not between 1 and (n)", "n < n < 1", "((n)) >= 1e-3", "+n<~1", "e.[n] > 0x1F",
		"max(n, `n`) > 5 || 1", "x IN (SELECT n AS u FROM e WHERE u < 1)", "CAST(n AS INTEGER) < 10", "n + 0 < 1", "n ->> '$' < 1",
		"count(*) < e.*", "n <", "n BETWEEN", "n COLLATE", "n.", "e.(n)", ".", "n < 1 AND n < 2", "case when n < 1 then -n end < n", "n <> 1 << n", "as", "n AS",
	} {
		f.Add(seed)
	}
	isText := func(c column) bool { return foldASCII(c.name) == "n" }
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readClause("export.where", text)
		if err != nil {
			return
		}
		for range len(c.tokens) + 1 {
			r := orderReader{tokens: c.tokens, isText: isText}
			if r.list(""); r.pos != len(r.tokens) {
				t.Fatalf("%q is read to token %d of %d", c.text, r.pos, len(r.tokens))
			}
			if (c.checkOrder(isText) == nil) != (r.found == nil) {
				t.Fatalf("%q: found %+v, and the check says %v", c.text, r.found, c.checkOrder(isText))
			}
			if r.found == nil {
				return
			}
			advised := c.text[:r.found.from] + c.inNumbers(*r.found) + c.text[r.found.to:]
			if c, err = readClause("export.where", advised); err != nil {
				t.Fatalf("%q was advised: %v", advised, err)
			}
		}
		t.Fatalf("%q is never accepted, now %q", text, c.text)
	})
}
