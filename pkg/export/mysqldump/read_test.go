package mysqldump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"breachnotify/pkg/export/rows"
)

// readAll returns the rows as text: the line, the table and the values with their types.
func readAll(src io.Reader, o Options) (lines []string, err error) {
	o.Name = "x.sql"
	if o.MaxRecord == 0 {
		o.MaxRecord = 1000
	}
	r := New(src, o)
	for {
		row, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case err != nil:
			return lines, err
		}
		lines = append(lines, written(row))
	}
}

func written(row rows.Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s.%s", row.At, row.Table.Schema, row.Table.Name)
	if row.Values == nil {
		for _, column := range row.Table.Columns {
			fmt.Fprintf(&b, " %s:%d", column.Name, column.Kind)
		}
		return b.String()
	}
	for _, value := range row.Values {
		switch value := value.(type) {
		case nil:
			b.WriteString(" NULL")
		case string:
			fmt.Fprintf(&b, " %q", value)
		case []byte:
			fmt.Fprintf(&b, " x%x", value)
		default:
			fmt.Fprintf(&b, " %v", value)
		}
	}
	return b.String()
}

// values returns the rows of a table without their lines.
func values(t *testing.T, src, table string) []string {
	t.Helper()
	lines, err := readAll(strings.NewReader(src), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, line := range lines {
		_, line, _ = strings.Cut(line, " ")
		if row, ok := strings.CutPrefix(line, table+" "); ok {
			found = append(found, row)
		}
	}
	return found
}

func TestStatements(t *testing.T) {
	const two = "CREATE TABLE `t` (`a` int(11) NOT NULL, `b` text);\n"
	announced := "1 .t a:1 b:0"
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                {"", nil},
		"a table without rows":   {two, []string{announced}},
		"a long statement":       {two + "INSERT INTO `t` VALUES (1,'x'),\n(-2,NULL);\n", []string{announced, `2 .t 1 "x"`, "3 .t -2 NULL"}},
		"named columns":          {two + "INSERT INTO `t` (`b`, `a`) VALUES ('x',1);\n", []string{announced, `2 .t 1 "x"`}},
		"INSERT IGNORE":          {two + "INSERT  IGNORE INTO `t` VALUES (1,'x') ON DUPLICATE KEY UPDATE a=1;\n", []string{announced, `2 .t 1 "x"`}},
		"REPLACE":                {two + "REPLACE INTO t VALUES (1,'x');\n", []string{announced, `2 .t 1 "x"`}},
		"no CREATE TABLE":        {"INSERT INTO `d`.`t` (`a`) VALUES (1),('x'),(0x78),(_binary '\xFF');\n", []string{"1 d.t a:0", `1 d.t "1"`, `1 d.t "x"`, `1 d.t "x"`, "1 d.t xff"}},
		"several databases":      {"CREATE DATABASE `x`;\nUSE `x`;\n" + two + "USE `y;`;\n" + two, []string{"3 x.t a:1 b:0", "5 y;.t a:1 b:0"}},
		"CRLF":                   {"USE x;\r\nCREATE TABLE t (a int);\r\nINSERT INTO t VALUES\r\n(1);\r\n", []string{"2 x.t a:1", "4 x.t 1"}},
		"comments":               {"# INSERT; '\n-- it's;\n--\n/* ' ; */ CREATE /* x */ TABLE t (a int -- , b int\n);SELECT 5--1;", []string{"4 .t a:1"}},
		"executable comments":    {"/*!40101 CREATE*/ /*M!100 DATABASE x */;/*!50003 USE `x` */;\n/*!999999 USE y */ CREATE TABLE t (a int /*!80023 INVISIBLE */, /* b */ `c;` /*!50606 bigint*/) /*!50100 PARTITION BY HASH (a) */;", []string{"2 x.t a:1 c;:1"}},
		"the sandbox of MariaDB": {"/*M!999999\\- enable the sandbox mode */ \n" + two, []string{"2 .t a:1 b:0"}},
		"the place of a view":    {"/*!50001 CREATE TABLE `v` (`a` tinyint NOT NULL) ENGINE=MyISAM */;\n/*!50001 DROP TABLE IF EXISTS `v`*/;\n/*!50001 CREATE VIEW `v` AS select 1 */;\n" + two, []string{"4 .t a:1 b:0"}},
		"a trigger": {"DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`%`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW begin /* ; */ insert into t values (1); set @x = 'it''s;;'; end */;;\nDELIMITER ;\n" + two,
			[]string{"4 .t a:1 b:0"}},
		"a routine": {"DELIMITER $$\nCREATE PROCEDURE p()\nbegin\n INSERT INTO t VALUES (1);\nend$$\nDELIMITER ;\n" + two, []string{"7 .t a:1 b:0"}},
		"names of ANSI": {"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ANSI' */;\nCREATE TABLE \"t\"\"x\" (\"a\" int, b text DEFAULT 'x');\nINSERT INTO \"t\"\"x\" VALUES (1,'\\'');\n" +
			"/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\nINSERT INTO `t\"x` VALUES (2,\"it's\\\"\");",
			[]string{`2 .t"x a:1 b:0`, `3 .t"x 1 "'"`, `5 .t"x 2 "it's\""`}},
		"without escapes":  {two + "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';INSERT INTO t VALUES (1,'a\\');", []string{announced, `2 .t 1 "a\\"`}},
		"a mode in a word": {"SET sql_mode = ANSI;CREATE TABLE \"t\" (\"a\" int);", []string{"1 .t a:1"}},
		"settings of servers": {"SET @@SESSION.SQL_LOG_BIN= 0;SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a;b';/*!80000 SET SESSION information_schema_stats_expiry=0 */;" +
			"SET SQL_MODE = \"NO_AUTO_VALUE_ON_ZERO\";\n" + two, []string{"2 .t a:1 b:0"}},
		"keys and constraints": {"CREATE TABLE IF NOT EXISTS t (`key` bigint unsigned AUTO_INCREMENT COMMENT 'it''s, (', e enum('a','b)'), PRIMARY KEY (`key`), UNIQUE KEY `u` (e(10)), KEY k (e), FULLTEXT KEY f (e)," +
			" CONSTRAINT `c` FOREIGN KEY (e) REFERENCES o (e), CHECK (e <> ');'), PERIOD FOR SYSTEM_TIME (a, b), period int, g int GENERATED ALWAYS AS (1 + 2) VIRTUAL) COMMENT='x;y';",
			[]string{"1 .t key:1 e:0 period:1 g:1"}},
		"UTF-8 by other names": {"SET NAMES 'utf8' COLLATE utf8_bin;/*!50503 SET NAMES utf8mb4 */;SET character_set_client = latin1;\n" + two, []string{"2 .t a:1 b:0"}},
		"a whole dump":         {"-- MySQL dump 10.13  Distrib 8.0.36\n" + two + "-- Dump completed on 2026-01-01  0:00:00\n", []string{"2 .t a:1 b:0"}},
	} {
		t.Run(name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{"at once": strings.NewReader(c.in), "byte by byte": iotest.OneByteReader(strings.NewReader(c.in))} {
				if got, err := readAll(src, Options{}); err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%s: %q, %v, want %q", how, got, err, c.want)
				}
			}
		})
	}
}

func TestConstants(t *testing.T) {
	for name, c := range map[string]struct{ kind, in, want string }{
		"doubled quotes":             {"text", `'it''s'`, `"it's"`},
		"every escape":               {"text", `'\0\'\"\b\n\r\t\Z\\\%\_\q'`, `"\x00'\"\b\n\r\t\x1a\\\\%\\_q"`},
		"other quotes":               {"text", `"a""b'\""`, `"a\"b'\""`},
		"a character set":            {"text", `_utf8mb4'é'`, `"é"`},
		"national text":              {"text", `N'é'`, `"é"`},
		"text in digits":             {"text", `0x61C3A9`, `"aé"`},
		"a number as text":           {"text", `007`, `"007"`},
		"bytes that are text":        {"longblob", `_binary 'a\'b'`, `"a'b"`},
		"bytes that are no text":     {"varbinary(9)", "'\xFF\\0'", "xff00"},
		"the same in digits":         {"varbinary(9)", "0xFF00", "xff00"},
		"the same in quotes":         {"varbinary(9)", "x'ff00'", "xff00"},
		"a thousand bytes in digits": {"longblob", "0x" + strings.Repeat("61FF", 480), "x" + strings.Repeat("61ff", 480)},
		"no bytes":                   {"varbinary(9)", "x''", `""`},
		"bits":                       {"bit(5)", "b'10101'", "21"},
		"bits as text":               {"bit(5)", "'\x15'", "21"},
		"bits in digits":             {"bit(12)", "0x0115", "277"},
		"bits without quotes":        {"bit(12)", "0b100010101", "277"},
		"bits introduced":            {"bit(1)", `_binary '\0'`, "0"},
		"a number of bits":           {"bit(4)", `5`, "5"},
		"sixty-four bits":            {"bit(64)", "0xFFFFFFFFFFFFFFFF", "xffffffffffffffff"},
		"a truth":                    {"tinyint(1)", "TRUE", "1"},
		"a falsehood":                {"bool", "false", "0"},
		"a number in quotes":         {"int", "'7'", "7"},
		"zeros before":               {"int(5) zerofill", "00007", "7"},
		"a number that is large":     {"bigint(20) unsigned", "18446744073709551615", `"18446744073709551615"`},
		"a decimal that is large":    {"decimal(30,5)", "12345678901234567890.12345", `"12345678901234567890.12345"`},
		"an exponent":                {"double", "-1.5e-300", "-1.5e-300"},
		"a decimal":                  {"decimal(5,2)", "0.10", "0.1"},
		"null":                       {"int", "NULL", "NULL"},
		"a time":                     {"datetime(3)", "'2024-02-29 12:00:00.123'", `"2024-02-29 12:00:00.123"`},
	} {
		got := values(t, "CREATE TABLE t (a "+c.kind+");INSERT INTO t VALUES ("+c.in+");", ".t")[1]
		if got != c.want {
			t.Errorf("%s: %s is %s, want %s", name, c.in, got, c.want)
		}
	}
}

// The files are dumps of one database, written in the forms of mysqldump and mariadb-dump.
func TestFormsOfADumpGiveTheSame(t *testing.T) {
	var first []string
	for _, file := range []string{"extended.sql", "complete_hex.sql"} {
		in, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		got := values(t, string(in), "shop.people")
		if first == nil {
			first = got
		}
		if len(got) != 5 || !slices.Equal(got, first) {
			t.Errorf("%s: %q, want 5 as in the first: %q", file, got, first)
		}
		got, err = readAll(iotest.HalfReader(bytes.NewReader(in)), Options{Want: func(schema, table string) bool { return schema == "shop" && table == "log" }})
		if err != nil || len(got) != 3 {
			t.Errorf("%s: a table alone: %q, %v, want 3 lines", file, got, err)
		}
	}
}
