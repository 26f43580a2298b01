package smtptest

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

const (
	scramIterations = 4096
	refused         = "535 5.7.8 authentication failed"
)

// auth runs an AUTH exchange (RFC 4954).
func (s *session) auth(line, rest string) error {
	mechanism, initial, _ := strings.Cut(rest, " ")
	mechanism = strings.ToUpper(mechanism)
	if s.server.options.Username == "" || !slices.Contains(s.server.options.Mechanisms, mechanism) {
		s.say("504 5.5.4 mechanism not supported")
		return nil
	}
	var ok bool
	var err error
	switch mechanism {
	case "PLAIN":
		ok, err = s.plain(initial)
	case "LOGIN":
		ok, err = s.login()
	default:
		ok, err = s.scram(strings.HasSuffix(mechanism, "-PLUS"))
	}
	if err != nil {
		return err
	}
	usual := refused
	if ok {
		usual = "235 2.7.0 welcome"
	}
	code, err := s.answer(Auth, "AUTH "+mechanism, usual)
	s.authed = code == '2'
	return err
}

// ask sends a challenge and returns the client's answer.
func (s *session) ask(challenge string) (string, error) {
	s.say("334 " + base64.StdEncoding.EncodeToString([]byte(challenge)))
	line, err := s.readLine()
	if err != nil {
		return "", err
	}
	answer, err := base64.StdEncoding.DecodeString(strings.TrimRight(string(line), "\r\n"))
	if err != nil {
		return "", nil // the answer "*" too, which gives up: no password is empty here
	}
	return string(answer), nil
}

func (s *session) known(username, password string) bool {
	return username == s.server.options.Username && password == s.server.options.Password
}

func (s *session) plain(initial string) (bool, error) {
	answer := ""
	if decoded, err := base64.StdEncoding.DecodeString(initial); err == nil {
		answer = string(decoded)
	}
	if initial == "" {
		var err error
		if answer, err = s.ask(""); err != nil {
			return false, err
		}
	}
	parts := strings.Split(answer, "\x00")
	return len(parts) == 3 && s.known(parts[1], parts[2]), nil
}

func (s *session) login() (bool, error) {
	username, err := s.ask("Username:")
	if err != nil {
		return false, err
	}
	password, err := s.ask("Password:")
	return err == nil && s.known(username, password), err
}

// scram is the server's part of SCRAM-SHA-256 (RFC 5802, RFC 7677), bound to the
// TLS connection (RFC 9266) where plus is set.
func (s *session) scram(plus bool) (bool, error) {
	first, err := s.ask("")
	if err != nil {
		return false, err
	}
	bare := strings.SplitN(first, ",", 3)
	if len(bare) != 3 {
		return false, nil
	}
	attributes := parse(bare[2])
	salt := []byte("smtptest")
	nonce := attributes["r"] + rand.Text()
	challenge := fmt.Sprintf("r=%s,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString(salt), scramIterations)
	final, err := s.ask(challenge)
	if err != nil {
		return false, err
	}
	unsigned, proof, _ := strings.Cut(final, ",p=")
	signed := bare[2] + "," + challenge + "," + unsigned
	want, signature, err := prove(s.server.options.Password, salt, signed)
	if err != nil {
		return false, err
	}
	binding := bare[0] + "," + bare[1] + "," + s.binding(plus)
	ok := attributes["n"] == s.server.options.Username && proof == want &&
		unsigned == "c="+base64.StdEncoding.EncodeToString([]byte(binding))+",r="+nonce
	if !ok {
		return false, nil
	}
	_, err = s.ask("v=" + signature)
	return true, err
}

// binding is the channel binding of the connection.
func (s *session) binding(plus bool) string {
	over, encrypted := s.conn.(*tls.Conn)
	if !plus || !encrypted {
		return ""
	}
	state := over.ConnectionState()
	material, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
	if err != nil {
		return ""
	}
	return string(material)
}

// prove computes what a client must prove, and what the server proves to it.
func prove(password string, salt []byte, signed string) (proof, signature string, err error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", "", err
	}
	clientKey := sign(salted, "Client Key")
	storedKey := sha256.Sum256(clientKey)
	mask := sign(storedKey[:], signed)
	for i := range clientKey {
		clientKey[i] ^= mask[i]
	}
	server := sign(sign(salted, "Server Key"), signed)
	return base64.StdEncoding.EncodeToString(clientKey), base64.StdEncoding.EncodeToString(server), nil
}

func sign(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

func parse(attributes string) map[string]string {
	m := make(map[string]string)
	for _, attribute := range strings.Split(attributes, ",") {
		key, value, _ := strings.Cut(attribute, "=")
		m[key] = value
	}
	return m
}
