package mysqldump

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "CREATE TABLE `t` (`a` int, b text);INSERT INTO `t` VALUES (1,'x\\n\\0'),\n(-2.5e+3,NULL);", "INSERT IGNORE INTO `d`.`t` (`a`,`b```) VALUES (0xFF,_binary 'x'),(b'101',x'0f'),(true,\"it's\");",
		"/*!40101 SET @OLD=@@SQL_MODE, SQL_MODE='ANSI,NO_BACKSLASH_ESCAPES' */;/*!40101 SET SQL_MODE=@OLD */;", "/*M!999999\\- enable */ /*!50001 CREATE TABLE v (a tinyint) */;",
		"DELIMITER ;;\ncreate procedure p() begin select ';'; end ;;\nDELIMITER ;\nUSE x;", "-- MySQL dump 1\n-- Dump completed\n# x", "SET NAMES latin1;", "SET NAMES 'utf8';REPLACE INTO t () VALUES ();",
		"CREATE TABLE t (a enum('x',')'), PRIMARY KEY (a)) COMMENT='x;';", "\xEF\xBB\xBFUSE x", "\xFF\xFE", "'\x00", "CREATE TABLE t (b blob, c bit(9));INSERT INTO t VALUES ('\xFF\\0', 0x01FF);",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readAll(bytes.NewReader(in), Options{})
		split, splitErr := readAll(iotest.OneByteReader(bytes.NewReader(in)), Options{})
		if !slices.Equal(got, split) || fmt.Sprint(err) != fmt.Sprint(splitErr) {
			t.Fatalf("how the bytes arrive matters: %q %v, %q %v", got, err, split, splitErr)
		}
		for _, line := range got {
			if !utf8.ValidString(line) {
				t.Fatalf("not UTF-8: %q", line)
			}
		}
		// Passing over everything ends, too.
		_, _ = readAll(bytes.NewReader(in), Options{Want: func(_, _ string) bool { return false }})
	})
}

// FuzzRoundTrip writes a text and bytes in each of the forms that they are dumped in.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{"", `\N`, "a\tb\nc\\", "it's \"x\"", "\r\n\x1A", "é😀", "\x01\x7F", "');", "--", "*/", "\\%\\_"} {
		f.Add(seed, []byte(seed+"\xFF\x00"))
	}
	f.Fuzz(func(t *testing.T, text string, octets []byte) {
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 || len(text)+len(octets) > 400 {
			return // no text, or larger than what is read
		}
		want := fmt.Sprintf("%q x%x", text, octets)
		if utf8.Valid(octets) && bytes.IndexByte(octets, 0) < 0 {
			want = fmt.Sprintf("%q %q", text, octets)
		}
		head := "CREATE TABLE `t` (`a` text, `b` longblob);\n"
		for name, in := range map[string]string{
			"escaped":    head + "INSERT INTO `t` VALUES ('" + escape(text) + "','" + escape(string(octets)) + "');\n",
			"introduced": head + "INSERT INTO `t` VALUES (_utf8mb4'" + escape(text) + "',_binary '" + escape(string(octets)) + "');\n",
			"in digits":  head + "INSERT INTO `t` (`b`, `a`) VALUES (" + fmt.Sprintf("x'%x'", octets) + ",'" + escape(text) + "');\n",
			"in order": "SET sql_mode='NO_BACKSLASH_ESCAPES';" + head + "INSERT INTO `t` VALUES ('" + strings.ReplaceAll(text, "'", "''") + "'," +
				fmt.Sprintf("X'%X'", octets) + ");\n",
		} {
			if got := values(t, in, ".t"); len(got) != 2 || got[1] != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

// escape writes text as the client library does (mysql_real_escape_string).
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, "\x00", `\0`, "\n", `\n`, "\r", `\r`, "\x1A", `\Z`, "'", `\'`, `"`, `\"`).Replace(text)
}
