package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/hint"
	"breachnotify/pkg/smtptest"
)

func secret(password string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return password, nil }
}

func TestAuthenticatesWithTheBestMechanism(t *testing.T) {
	tests := map[string]struct {
		offered []string
		mode    string
		want    string
	}{
		"all of them":              {nil, "STARTTLS", "SCRAM-SHA-256-PLUS"},
		"all of them, implicit":    {nil, "implicit", "SCRAM-SHA-256-PLUS"},
		"no binding in clear":      {nil, "in clear", "SCRAM-SHA-256"},
		"without channel binding":  {[]string{"LOGIN", "PLAIN", "SCRAM-SHA-256"}, "STARTTLS", "SCRAM-SHA-256"},
		"the password itself":      {[]string{"CRAM-MD5", "LOGIN", "PLAIN"}, "STARTTLS", "PLAIN"},
		"LOGIN":                    {[]string{"LOGIN"}, "implicit", "LOGIN"},
		"in lower case":            {[]string{"login"}, "in clear", "LOGIN"},
		"PLAIN to a local relay":   {[]string{"PLAIN"}, "in clear", "PLAIN"},
		"LOGIN is the worst there": {[]string{"LOGIN", "PLAIN"}, "in clear", "PLAIN"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.want == "LOGIN" {
				test.offered = append(slices.Clone(test.offered), "LOGIN")
			}
			mode := encrypted[test.mode]
			server := start(t, smtptest.Options{TLS: mode.server, Username: "notify", Password: "pa=s,s", Mechanisms: test.offered})
			o := options(server)
			o.TLS, o.Username, o.Password = mode.client, "notify", secret("pa=s,s")
			s := open(t, o)
			done, _ := s.Flight(t.Context(), begin(t, s), nil)
			expect(t, "done", done, Accepted, Continue)
			if !slices.Contains(server.Lines(), "AUTH "+test.want) {
				t.Errorf("the server got %q, want AUTH %s", server.Lines(), test.want)
			}
		})
	}
}

// TestOpeningThatFails goes through the stages; in none of them may mail or a
// password leave.
func TestOpeningThatFails(t *testing.T) {
	on := func(stage smtptest.Stage, a smtptest.Action) smtptest.Script { return smtptest.On(stage, a) }
	broken := smtptest.Action{Silent: true, Then: smtptest.Drop}
	tests := map[string]struct {
		server smtptest.Options
		client TLSMode
		stage  Stage
		effect Effect
		code   int
	}{
		"banner of 421":          {smtptest.Options{Script: on(smtptest.Connect, smtptest.Action{Reply: "421 4.3.2 busy", Then: smtptest.Drop})}, NoTLS, StageBanner, BackOff, 421},
		"banner of 554":          {smtptest.Options{Script: on(smtptest.Connect, smtptest.Action{Reply: "554 no"})}, NoTLS, StageBanner, BackOff, 554},
		"banner that is dropped": {smtptest.Options{Script: on(smtptest.Connect, broken)}, NoTLS, StageBanner, BackOff, 0},
		"banner that is reset":   {smtptest.Options{Script: on(smtptest.Connect, smtptest.Action{Delay: 20 * time.Millisecond, Silent: true, Then: smtptest.Abort})}, NoTLS, StageBanner, BackOff, 0},
		"banner that is nonsense": {smtptest.Options{Script: on(smtptest.Connect, smtptest.Action{Reply: "SSH-2.0-OpenSSH", Then: smtptest.Stall})},
			NoTLS, StageBanner, BackOff, 0},
		"banner that never comes": {smtptest.Options{Script: on(smtptest.Connect, smtptest.Action{Silent: true, Then: smtptest.Stall})},
			NoTLS, StageBanner, BackOff, 0},
		"banner that trickles": {smtptest.Options{Fragment: 1, Pace: 20 * time.Millisecond,
			Script: on(smtptest.Connect, smtptest.Action{Reply: "220 " + strings.Repeat("x", 400)})}, NoTLS, StageBanner, BackOff, 0},
		"banner without end": {smtptest.Options{Script: on(smtptest.Connect, smtptest.Action{Reply: strings.Repeat("220-x\r\n", 1<<17), Then: smtptest.Stall})},
			NoTLS, StageBanner, BackOff, 0},
		"banner of one endless line": {smtptest.Options{Script: on(smtptest.Connect, smtptest.Action{Reply: "220 " + strings.Repeat("x", 1<<20), Then: smtptest.Stall})},
			NoTLS, StageBanner, BackOff, 0},
		"EHLO and HELO refused": {smtptest.Options{Script: smtptest.Chain(on(smtptest.EHLO, smtptest.Action{Reply: "502 no"}), on(smtptest.HELO, smtptest.Action{Reply: "550 no"}))},
			NoTLS, StageEHLO, BackOff, 502},
		"EHLO dropped": {smtptest.Options{Script: on(smtptest.EHLO, broken)}, NoTLS, StageEHLO, BackOff, 0},

		"STARTTLS not offered":       {smtptest.Options{}, STARTTLS, StageSTARTTLS, Halt, 0},
		"STARTTLS behind HELO":       {smtptest.Options{TLS: smtptest.WithSTARTTLS, Script: on(smtptest.EHLO, smtptest.Action{Reply: "502 no"})}, STARTTLS, StageSTARTTLS, Halt, 0},
		"STARTTLS stripped by XXXX":  {smtptest.Options{Extensions: []string{"XXXXXXXA", "PIPELINING"}}, STARTTLS, StageSTARTTLS, Halt, 0},
		"STARTTLS refused":           {smtptest.Options{TLS: smtptest.WithSTARTTLS, Script: on(smtptest.STARTTLS, smtptest.Action{Reply: "501 5.5.4 no"})}, STARTTLS, StageSTARTTLS, Halt, 501},
		"STARTTLS put off":           {smtptest.Options{TLS: smtptest.WithSTARTTLS, Script: on(smtptest.STARTTLS, smtptest.Action{Reply: "454 4.3.0 later"})}, STARTTLS, StageSTARTTLS, BackOff, 454},
		"STARTTLS with an injection": {smtptest.Options{TLS: smtptest.WithSTARTTLS, Script: on(smtptest.STARTTLS, smtptest.Action{Reply: "220 go\r\n250-evil\r\n250 AUTH PLAIN"})}, STARTTLS, StageSTARTTLS, Halt, 0},
		"STARTTLS dropped":           {smtptest.Options{TLS: smtptest.WithSTARTTLS, Script: on(smtptest.STARTTLS, smtptest.Action{Reply: "220 go", Then: smtptest.Drop})}, STARTTLS, StageSTARTTLS, BackOff, 0},
		"a relay in clear for TLS":   {smtptest.Options{}, Implicit, StageSTARTTLS, Halt, 0},

		"a wrong password":    {smtptest.Options{TLS: smtptest.WithSTARTTLS, Username: "notify", Password: "another"}, STARTTLS, StageAuth, Halt, 535},
		"a wrong one, PLAIN":  {smtptest.Options{TLS: smtptest.WithSTARTTLS, Username: "notify", Password: "another", Mechanisms: []string{"PLAIN"}}, STARTTLS, StageAuth, Halt, 535},
		"AUTH put off":        {smtptest.Options{TLS: smtptest.FromTheStart, Username: "notify", Password: "secret", Script: on(smtptest.Auth, smtptest.Action{Reply: "454 4.7.0 later"})}, Implicit, StageAuth, BackOff, 454},
		"AUTH dropped":        {smtptest.Options{TLS: smtptest.FromTheStart, Username: "notify", Password: "secret", Script: on(smtptest.Auth, broken)}, Implicit, StageAuth, BackOff, 0},
		"AUTH not offered":    {smtptest.Options{TLS: smtptest.WithSTARTTLS}, STARTTLS, StageAuth, Halt, 0},
		"no mechanism common": {smtptest.Options{TLS: smtptest.WithSTARTTLS, Username: "notify", Password: "secret", Mechanisms: []string{"CRAM-MD5", "NTLM"}}, STARTTLS, StageAuth, Halt, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t, test.server)
			o := options(server)
			o.TLS, o.Timeouts.Banner = test.client, 200*time.Millisecond
			o.Username, o.Password = "notify", secret("secret")
			s, out := tryOpen(t, o)
			if s != nil {
				t.Fatal("a session was opened")
			}
			expect(t, name, out, Untouched, test.effect)
			if out.Stage != test.stage || out.Reply.Code != test.code || out.Reply.Code == 0 && out.Err == nil {
				t.Errorf("stage %s, reply %s, %v; want %s and code %d", out.Stage, out.Reply, out.Err, test.stage, test.code)
			}
			for _, line := range server.Lines() {
				if strings.HasPrefix(line, "MAIL") || strings.HasPrefix(line, "AUTH") && out.Stage != StageAuth {
					t.Errorf("%q was sent", line)
				}
			}
		})
	}
}

func TestBadCertificatesHalt(t *testing.T) {
	other, err := smtptest.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	past, err := smtptest.NewAuthority(time.Now().Add(-48 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	wrongName, err := other.Issue("another.example")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]smtptest.Options{
		"of an authority that nobody trusts": {},
		"that is out of date":                {Authority: past},
		"of another host":                    {Authority: other, Certificate: &wrongName},
	}
	for name, serverOptions := range tests {
		for _, mode := range []string{"STARTTLS", "implicit"} {
			t.Run(name+", "+mode, func(t *testing.T) {
				serverOptions.TLS = encrypted[mode].server
				serverOptions.Username, serverOptions.Password = "notify", "secret"
				server := start(t, serverOptions)
				o := options(server)
				o.TLS, o.Username, o.Password = encrypted[mode].client, "notify", secret("secret")
				if serverOptions.Authority == nil {
					o.RootCAs = other.Pool()
				}
				_, out := tryOpen(t, o)
				expect(t, name, out, Untouched, Halt)
				if out.Stage != StageSTARTTLS || len(hint.Of(out.Err)) == 0 {
					t.Errorf("stage %s, %v, hints %q", out.Stage, out.Err, hint.Of(out.Err))
				}
				if strings.Contains(verbs(server), "AUTH") {
					t.Error("a password was sent")
				}
			})
		}
	}
}

func TestHELOWhereEHLOIsRefused(t *testing.T) {
	server := start(t, smtptest.Options{Script: smtptest.On(smtptest.EHLO, smtptest.Action{Reply: "502 5.5.1 what"})})
	s := open(t, options(server))
	done, _ := s.Flight(t.Context(), begin(t, s), nil)
	expect(t, "done", done, Accepted, Continue)
	if got := verbs(server); got != "EHLO HELO MAIL RCPT DATA" {
		t.Errorf("the server got %s", got)
	}
}

func TestUnreachableRelayBacksOff(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, out := tryOpen(t, Options{Host: "127.0.0.1", Port: port, TLS: NoTLS})
	expect(t, "refused", out, Untouched, BackOff)
	if out.Stage != StageConnect || out.Err == nil {
		t.Errorf("stage %s, %v", out.Stage, out.Err)
	}
}

func TestInterruptEndsAnOpening(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := start(t, smtptest.Options{Script: func(smtptest.Event) smtptest.Action {
		cancel()
		return smtptest.Action{Silent: true, Then: smtptest.Stall}
	}})
	r, err := New(options(server))
	if err != nil {
		t.Fatal(err)
	}
	if s, out := r.Open(ctx); s != nil || !errors.Is(out.Err, context.Canceled) || out.Effect == Halt {
		t.Errorf("Open: %v, %+v", s, out)
	}
}

func TestPasswordThatCannotBeFetchedHalts(t *testing.T) {
	server := start(t, smtptest.Options{})
	gone := errors.New("the vault is closed")
	o := options(server)
	o.Username, o.Password = "notify", func(context.Context) (string, error) { return "", gone }
	_, out := tryOpen(t, o)
	expect(t, "no password", out, Untouched, Halt)
	if out.Stage != StageAuth || !errors.Is(out.Err, gone) || server.Conns() != 0 {
		t.Errorf("stage %s, %v, %d connections", out.Stage, out.Err, server.Conns())
	}
}

func TestOptionsValidate(t *testing.T) {
	good := Options{Host: "smtp.example.com", Port: 587}
	tests := map[string]struct {
		change func(*Options)
		ok     bool
	}{
		"as they are":               {func(*Options) {}, true},
		"implicit":                  {func(o *Options) { o.TLS = Implicit }, true},
		"none on localhost":         {func(o *Options) { o.TLS, o.Host = NoTLS, "LocalHost" }, true},
		"none on 127.0.0.2":         {func(o *Options) { o.TLS, o.Host = NoTLS, "127.0.0.2" }, true},
		"none on ::1":               {func(o *Options) { o.TLS, o.Host = NoTLS, "::1" }, true},
		"none beyond loopback":      {func(o *Options) { o.TLS = NoTLS }, false},
		"none on a private address": {func(o *Options) { o.TLS, o.Host = NoTLS, "10.0.0.1" }, false},
		"none on a name like it":    {func(o *Options) { o.TLS, o.Host = NoTLS, "localhost.example.com" }, false},
		"no host":                   {func(o *Options) { o.Host = "" }, false},
		"a host with a line break":  {func(o *Options) { o.Host = "a\r\nb" }, false},
		"no port":                   {func(o *Options) { o.Port = 0 }, false},
		"a port too high":           {func(o *Options) { o.Port = 65536 }, false},
		"an unknown mode":           {func(o *Options) { o.TLS = "ssl" }, false},
		"a user without password":   {func(o *Options) { o.Username = "notify" }, false},
		"a local name with a break": {func(o *Options) { o.LocalName = "a\r\nMAIL" }, false},
		"a negative time-out":       {func(o *Options) { o.Timeouts.Dot = -1 }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := good
			test.change(&o)
			err := o.Validate()
			if (err == nil) != test.ok {
				t.Errorf("Validate = %v", err)
			}
			if _, newErr := New(o); (newErr == nil) != test.ok {
				t.Errorf("New: %v", newErr)
			}
		})
	}
}

func TestDefaultsAreThoseOfRFC5321(t *testing.T) {
	o := Options{Host: "smtp.example.com", Port: 587, Timeouts: Timeouts{Mail: time.Second}}.withDefaults()
	minutes := map[string][2]time.Duration{
		"banner": {o.Timeouts.Banner, 5}, "RCPT": {o.Timeouts.Rcpt, 5}, "DATA": {o.Timeouts.Data, 2}, "block": {o.Timeouts.Block, 3}, "dot": {o.Timeouts.Dot, 10},
	}
	for name, pair := range minutes {
		if pair[0] != pair[1]*time.Minute {
			t.Errorf("%s = %s, want %d min", name, pair[0], pair[1])
		}
	}
	if o.Timeouts.Mail != time.Second || o.TLS != STARTTLS || o.LocalName == "" {
		t.Errorf("MAIL %s, TLS %q, local name %q", o.Timeouts.Mail, o.TLS, o.LocalName)
	}
}

func TestLoadRoots(t *testing.T) {
	authority, err := smtptest.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	files := map[string][]byte{"ca.pem": authority.PEM(), "empty.pem": nil, "text.pem": []byte("no certificate")}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots, err := LoadRoots(filepath.Join(folder, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, smtptest.Options{TLS: smtptest.WithSTARTTLS, Authority: authority})
	o := options(server)
	o.TLS, o.RootCAs = STARTTLS, roots
	open(t, o)
	for _, name := range []string{"empty.pem", "text.pem", "missing.pem"} {
		if _, err := LoadRoots(filepath.Join(folder, name)); err == nil {
			t.Errorf("LoadRoots takes %s", name)
		}
	}
}

func TestNoAddressInAnErrorOfOpening(t *testing.T) {
	for _, reply := range []string{"554 <someone@example.org> is not welcome", "hello someone@example.org"} {
		server := start(t, smtptest.Options{Script: smtptest.On(smtptest.Connect, smtptest.Action{Reply: reply, Then: smtptest.Drop})})
		_, out := tryOpen(t, options(server))
		if text := fmt.Sprint(out.Err); strings.Contains(text, "@") {
			t.Errorf("%q ends up in the error %q", reply, text)
		}
	}
}
