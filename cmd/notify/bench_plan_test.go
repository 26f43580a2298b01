package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	planRows   = 1_000_000
	planRounds = 3 // medians forgive what else the machine does
)

// The benchmarks of plan each plan an export of a million accounts, and have sqlite3 import
// the same rows as CSV, in turns. One operation is the whole comparison.

func BenchmarkPlan(b *testing.B) { benchmarkPlan(b, "export: {source: accounts.csv}", nil) }

// BenchmarkPlanWhere stages the rows and selects all of them.
func BenchmarkPlanWhere(b *testing.B) {
	benchmarkPlan(b, `export: {source: accounts.csv, where: "id <> ''"}`, nil)
}

func BenchmarkPlanNDJSON(b *testing.B) {
	benchmarkPlan(b, "export: {source: export}", &bigFormat{row: func(a bigAccount) string {
		return fmt.Sprintf(`{"id":%d,"email":%q,"name":%q,"password":%q,"sso":%q,"locale":%q}`+"\n", a.id, a.email, a.name, a.password, a.sso, a.locale)
	}})
}

func BenchmarkPlanPgDump(b *testing.B) {
	benchmarkPlan(b, "export: {source: export}", &bigFormat{
		head: "SET standard_conforming_strings = on;\n" +
			"CREATE TABLE public.users (id bigint, email text, name text, password text, sso text, locale text);\n" +
			"COPY public.users (id, email, name, password, sso, locale) FROM stdin;\n",
		row: func(a bigAccount) string {
			return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s\n", a.id, a.email, a.name, cmp.Or(a.password, `\N`), cmp.Or(a.sso, `\N`), a.locale)
		},
		tail: "\\.\n",
	})
}

func BenchmarkPlanMysqldump(b *testing.B) {
	const perStatement = 10_000
	benchmarkPlan(b, "export: {source: export}", &bigFormat{
		head: "CREATE TABLE `users` (`id` bigint, `email` text, `name` text, `password` text, `sso` text, `locale` text) ENGINE=InnoDB;\n",
		row: func(a bigAccount) string {
			before := ",\n"
			switch {
			case a.at == 0:
				before = "INSERT INTO `users` VALUES "
			case a.at%perStatement == 0:
				before = ";\nINSERT INTO `users` VALUES "
			}
			return fmt.Sprintf("%s(%d,'%s','%s','%s','%s','%s')", before, a.id, a.email, a.name, a.password, a.sso, a.locale)
		},
		tail: ";\n",
	})
}

// benchmarkPlan plans the rows in a format, or where that is nil those of the CSV itself.
func benchmarkPlan(b *testing.B, export string, f *bigFormat) {
	c := newBigCampaign(b, planRows, 1)
	config := strings.Replace(baseConfig, "export: {source: accounts.csv}", export, 1)
	if err := os.WriteFile(filepath.Join(c.dir, "notify.yaml"), []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	if f != nil {
		if err := f.write(filepath.Join(c.dir, "export"), planRows); err != nil {
			b.Fatal(err)
		}
	}
	sqlite3, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Log("nothing to compare with:", err)
	}
	var plans, imports, ratios, memory []float64
	for range b.N * planRounds {
		plan := c.notify(b, exitDone, "plan")
		plans, memory = append(plans, plan.seconds), append(memory, plan.megabytes)
		if sqlite3 == "" {
			continue
		}
		imported := c.run(b, 0, sqlite3, "imported.db", ".import --csv accounts.csv accounts")
		if err := os.Remove(filepath.Join(c.dir, "imported.db")); err != nil {
			b.Fatal(err)
		}
		imports, ratios = append(imports, imported.seconds), append(ratios, plan.seconds/imported.seconds)
	}
	b.ReportMetric(median(plans), "plan-s")
	b.ReportMetric(median(memory), "plan-MB")
	if sqlite3 != "" {
		b.ReportMetric(median(imports), "import-s")
		b.ReportMetric(median(ratios), "x-import")
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// bigCampaign is an export of any number of accounts with its configuration, in a
// folder of its own. The program runs as a process, as at a shell.
type bigCampaign struct{ dir string }

func newBigCampaign(b *testing.B, rows, port int) bigCampaign {
	b.Helper()
	c := bigCampaign{dir: b.TempDir()}
	config := strings.Replace(baseConfig, "port: 1,", "port: "+strconv.Itoa(port)+",", 1)
	if err := os.WriteFile(filepath.Join(c.dir, "notify.yaml"), []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := writeBigExport(filepath.Join(c.dir, "accounts.csv"), rows); err != nil {
		b.Fatal(err)
	}
	return c
}

// writeBigExport writes a CSV file.
func writeBigExport(path string, rows int) error {
	f := bigFormat{head: "id,email,name,password,sso,locale\n", row: func(a bigAccount) string {
		return fmt.Sprintf("%d,%s,%s,%s,%s,%s\n", a.id, a.email, a.name, a.password, a.sso, a.locale)
	}}
	return f.write(path, rows)
}

// bigAccount is a row of a big export. Nothing in it needs an escape in any format.
type bigAccount struct {
	at, id                             int
	email, name, password, sso, locale string
}

// bigFormat is a format of big exports.
type bigFormat struct {
	head, tail string
	row        func(bigAccount) string
}

// write writes the same accounts for the same number of rows. A third signs in through
// SSO; a quarter is at one domain and half of the rest at four others.
func (f *bigFormat) write(path string, rows int) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriterSize(file, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	w.WriteString(f.head)
	for i := range rows {
		domain := fmt.Sprintf("d%d.example", random.IntN(5000))
		switch p := random.IntN(8); {
		case p < 2:
			domain = "large.example"
		case p < 5:
			domain = fmt.Sprintf("mail%d.example", random.IntN(4))
		}
		password, sso := demoHash, ""
		if i%3 == 0 {
			password, sso = "", "google"
		}
		w.WriteString(f.row(bigAccount{
			at: i, id: 1000 + i, email: fmt.Sprintf("user%d@%s", i, domain), name: fmt.Sprintf("User %d", i),
			password: password, sso: sso, locale: []string{"en", "de"}[i%7/6],
		}))
	}
	w.WriteString(f.tail)
	return w.Flush()
}

// used is what a process took.
type used struct {
	began     time.Time
	seconds   float64
	megabytes float64 // of memory, at its peak
}

func (c bigCampaign) notify(b *testing.B, code int, args ...string) used {
	b.Helper()
	return c.run(b, code, "notify", append([]string{"--quiet"}, args...)...)
}

func (c bigCampaign) run(b *testing.B, code int, program string, args ...string) used {
	b.Helper()
	var said strings.Builder
	cmd := exec.CommandContext(b.Context(), program, args...)
	cmd.Dir, cmd.Stderr = c.dir, &said
	u := used{began: time.Now()}
	err := cmd.Run()
	u.seconds = time.Since(u.began).Seconds()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != code {
		b.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, &said)
	}
	u.megabytes = peak(cmd.ProcessState) / 1e6
	return u
}

// peak is the memory that a process had at most, in bytes. On Linux it is not less than
// what this process had when it started the other.
func peak(ended *os.ProcessState) float64 {
	most := float64(ended.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS == "darwin" {
		return most
	}
	return most * 1024
}
