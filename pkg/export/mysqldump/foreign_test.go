package mysqldump

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"breachnotify/pkg/hint"
)

const table = "CREATE TABLE `t` (`a` int);\n"

func TestAForeignLineTakesNoStatementWithIt(t *testing.T) {
	const rows = "INSERT INTO `t` VALUES (1);\n"
	for name, c := range map[string]struct{ in, want, advice string }{
		"a warning":                   {table + "mysqldump: [Warning] foo\n" + rows, "x.sql: line 2, byte 28: found a word, expected a statement of mysqldump", "mysqldump … 2>errors.log"},
		"a warning in front":          {"mysqldump: [Warning] foo\n" + table + rows, "x.sql: line 1, byte 0: found a word, expected a statement", "2>errors.log"},
		"a word with a typing error":  {table + "INSRT INTO `t` VALUES (1);\n", "x.sql: line 2, byte 28: found a word, expected a statement", "2>errors.log"},
		"a mark":                      {table + "[x]\n" + rows, "x.sql: line 2, byte 28: found '[', expected a statement", "2>errors.log"},
		"a file of the client":        {table + "source other.sql\n" + rows, "x.sql: line 2, byte 28: found a word, expected a statement", "2>errors.log"},
		"a lock without an end":       {table + "LOCK TABLES u WRITE\n" + rows, "x.sql: line 2, byte 28: what begins here has no ; before the statement at line 3, byte 48", "put a ;"},
		"no end before REPLACE":       {table + "LOCK TABLES u WRITE\nREPLACE INTO t VALUES (1);\n", "x.sql: line 2, byte 28: what begins here has no ;", "put a ;"},
		"no end before insert ignore": {table + "unlock tables\ninsert  ignore into t values (1);\n", "x.sql: line 2, byte 28: what begins here has no ;", "put a ;"},
		"no end of a comment":         {table + "/*!40000 ALTER TABLE `t` DISABLE KEYS\n" + rows + "/*!40000 ALTER TABLE `t` ENABLE KEYS */;\n", "x.sql: line 2, byte 37: what begins here has no ;", "put a ;"},
		"a setting without an end":    {table + "SET @x = 1\n" + rows, "x.sql: line 2, byte 28: what begins here has no ;", "put a ;"},
		"a table without an end":      {"CREATE TABLE `t` (`a` int) ENGINE=InnoDB\n" + rows, "x.sql: line 1, byte 0: what begins here has no ;", "put a ;"},
		"behind a body":               {table + "DELIMITER ;;\nCREATE TRIGGER g BEGIN END ;;\nDELIMITER ;\nLOCK TABLES u WRITE\n" + rows, "x.sql: line 5, byte 83: what begins here has no ;", "put a ;"},
	} {
		t.Run(name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{"at once": strings.NewReader(c.in), "byte by byte": iotest.OneByteReader(strings.NewReader(c.in))} {
				_, err := readAll(src, Options{})
				if err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(strings.Join(hint.Of(err), " "), c.advice) {
					t.Errorf("%s: %v (%q), want %q (%q)", how, err, hint.Of(err), c.want, c.advice)
				}
			}
		})
	}
}

func TestStatementsOfMysqldumpAreNotForeign(t *testing.T) {
	for _, in := range []string{
		";", "/*! */;", "/*M!999999\\- enable the sandbox mode */ ", "DROP TABLE IF EXISTS `x`;", "/*!50001 DROP VIEW IF EXISTS `v`*/;",
		"LOCK TABLES `t` WRITE;\n/*!40000 ALTER TABLE `t` DISABLE KEYS */;", "/*!40000 ALTER TABLE `t` ENABLE KEYS */;\nUNLOCK TABLES;",
		"CHANGE MASTER TO MASTER_LOG_FILE='x', MASTER_LOG_POS=1;", "STOP SLAVE;\nSTART SLAVE;", "FLUSH PRIVILEGES;",
		"SET @@SESSION.SQL_LOG_BIN= 0;", "SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-2,\nb:1-3';", "SET autocommit=0;", "COMMIT;", "START TRANSACTION;",
		"/*!80002 ANALYZE TABLE `t` UPDATE HISTOGRAM ON `a` WITH 2 BUCKETS */;", "INSTALL PLUGIN x SONAME 'y';", "CALL mysql.x();",
		"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `d`;", "GRANT SELECT, INSERT ON *.* TO `r`@`%`;",
		"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`r`@`%` SQL SECURITY DEFINER */\n/*!50001 VIEW `v` AS select 1 AS `a` */;",
		"DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`%`*/ /*!50003 TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN\nINSERT INTO u VALUES (9);\nREPLACE INTO t VALUES (9);\nEND */;;\nDELIMITER ;",
		"DELIMITER ;;\nCREATE PROCEDURE p()\nBEGIN\nINSERT INTO t VALUES (9);\nCREATE TABLE x (a int);\nEND ;;\nDELIMITER ;",
		"DELIMITER ;;\n/*!50106 CREATE*/ /*!50117 DEFINER=`r`@`%`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY DO\nINSERT INTO t VALUES (9) */ ;;\nDELIMITER ;",
		"DELIMITER |\n/*M!100101 IF current_user()=\"r\" THEN\n  SIGNAL SQLSTATE '45000';\nEND IF */|\nDELIMITER ;",
		"CREATE TABLE `x` (\n  `a` int COMMENT 'x\nINSERT INTO t VALUES (9);\n'\n);",
	} {
		for how, src := range map[string]func(io.Reader) io.Reader{"by halves": iotest.HalfReader, "byte by byte": iotest.OneByteReader} {
			got, err := readAll(src(strings.NewReader(table+in+"\nINSERT INTO `t` VALUES (1);\n")), Options{Want: func(_, table string) bool { return table == "t" }})
			if err != nil || len(got) != 2 || !strings.HasSuffix(got[1], ".t 1") {
				t.Errorf("%q, %s: %q, %v, want the row behind it", in, how, got, err)
			}
		}
	}
}
