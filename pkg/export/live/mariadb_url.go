package live

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"breachnotify/pkg/hint"
)

// mariadbModes has the values of ssl-mode (MySQL, Command Options for Encrypted
// Connections) as those of tls. VERIFY_CA is left out: a certificate for another name
// proves nothing.
var mariadbModes = map[string]string{
	"DISABLED": "false", "PREFERRED": "preferred", "REQUIRED": "skip-verify", "VERIFY_IDENTITY": "true",
}

// mariadbConfig reads a URL and returns also what errors call the database.
func mariadbConfig(a address) (*mysql.Config, string, error) {
	u, err := url.Parse(a.raw)
	if err != nil {
		return nil, "", errAddress
	}
	if err := mariadbParameters(a.query); err != nil {
		return nil, "", err
	}
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Passwd = cmp.Or(config.Passwd, os.Getenv("MYSQL_PWD"))
	config.DBName = strings.TrimPrefix(u.Path, "/")
	config.Timeout = connectTimeout
	config.Logger = &mysql.NopLogger{} // it would write to stderr what is returned anyway
	host := cmp.Or(a.query.Get("socket"), u.Hostname(), "127.0.0.1")
	port := cmp.Or(u.Port(), "3306")
	if isSocket(host) {
		config.Net, config.Addr = "unix", host
	} else {
		config.Net, config.Addr = "tcp", net.JoinHostPort(host, port)
	}
	name := publicName(a.scheme, host, port, config.DBName)
	return config, name, mariadbTLS(a, config, name, host)
}

// mariadbParameters refuses a parameter that is not known, since it may mean to protect.
func mariadbParameters(given url.Values) error {
	known := []string{"socket", "ssl-ca", "ssl-mode", "tls"}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, name) {
			return hint.Wrap(fmt.Errorf("the URL of the database has a parameter %q that is not known", name),
				"there are %s", strings.Join(known, ", "))
		}
	}
	return nil
}

func mariadbTLS(a address, config *mysql.Config, name, host string) error {
	parameter, mode := "tls", a.query.Get("tls")
	if given := a.query.Get("ssl-mode"); given != "" && mode == "" {
		parameter, mode = "ssl-mode", mariadbModes[strings.ToUpper(given)]
		if mode == "" {
			return hint.Wrap(fmt.Errorf("%s: ssl-mode is not known", name), "there are %s", strings.Join(slices.Sorted(maps.Keys(mariadbModes)), ", "))
		}
	}
	authority := a.query.Get("ssl-ca")
	switch {
	case mode != "":
	case isSocket(host):
		mode = "false"
	case isLocal(host) && authority == "":
		mode = "preferred"
	default:
		mode = "true"
	}
	if !slices.Contains([]string{"true", "false", "skip-verify", "preferred"}, mode) {
		return hint.Wrap(fmt.Errorf("%s: tls is not known", name), "there are true, skip-verify, preferred and false")
	}
	if mode == "preferred" && !isLocal(host) {
		return errClear(name, parameter, "preferred", "tls=true", "tls=false")
	}
	config.TLSConfig = mode
	if authority == "" {
		return nil
	}
	if mode != "true" {
		return hint.Wrap(fmt.Errorf("%s: ssl-ca without verification", name), "write tls=true")
	}
	return mariadbAuthority(config, authority)
}

// mariadbAuthority lets the certificates of a file, and no others, vouch for the server.
func mariadbAuthority(config *mysql.Config, file string) error {
	certificates, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read ssl-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificates) {
		return fmt.Errorf("read ssl-ca: %w", errors.New("no certificate in PEM form"))
	}
	config.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return nil
}
