package live

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"

	"breachnotify/pkg/hint"
)

// notRepeated is the advice for an error of a server whose words may hold what nobody
// should see.
const notRepeated = "what the server says is not repeated here, as it may hold an account's data: try it with the database's own client"

// unreachable explains an error of the network, of several attempts the first, and
// reports whether it is one. ca is the parameter of a URL that adds an authority.
func unreachable(err error, ca string) (explained error, known bool) {
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name *net.DNSError
	var operation *net.OpError
	switch {
	case errors.As(err, &certificate):
		return hint.Wrap(certificate, "if the server's authority is your own, add %s to the URL", ca), true
	case errors.As(err, &authority):
		return hint.Wrap(authority, "if the server's authority is your own, add %s to the URL", ca), true
	case errors.As(err, &name):
		return hint.Wrap(name, "check the host in the URL"), true
	case errors.As(err, &operation) && operation.Op == "dial":
		return hint.Wrap(operation, "check the host and the port in the URL, that the server listens there, and that no firewall is between"), true
	case errors.As(err, &operation):
		return hint.Wrap(operation, "run it again; the log of the server may say why it hung up"), true
	}
	return err, false
}
