package online

import "breachnotify/pkg/check"

// Rules documents every rule, in a fixed order.
func Rules() []check.Rule {
	return []check.Rule{
		relayUnreachable, relayTLS, relayClear, relayCertificate, relayAuth, relaySender, relayPutOff, relaySize,
		relaySMTPUTF8, relayPipelining, relaySizeUnsaid, relayDSN,
		dnsFailed,
		dkimUnsigned, dkimRecord, dkimKey, dkimSignature, dkimTesting, dkimEd25519,
		spfMissing, spfSeveral, spfBroken, spfOpen, spfRelay, spfRelayPrivate,
		dmarcMissing, dmarcBroken, dmarcUnaligned, dmarcSPFAlone, dmarcRelaySigns, dmarcPolicyNone,
		mxMissing, mxNull, mxImplicit, mxUnresolved,
		pageDown, pageStatus, pageRedirect, pageCertificate,
	}
}

var (
	relayUnreachable = check.Rule{ID: "relay-unreachable", Severity: check.SeverityError,
		Summary: "the relay cannot be reached, or does not greet",
		Why:     "no notice goes out",
		Mend:    "see smtp.host and smtp.port, and whether a firewall lets this machine out"}
	relayTLS = check.Rule{ID: "relay-tls", Severity: check.SeverityError,
		Summary: "the session with the relay cannot be encrypted, or its certificate is not to be trusted",
		Why:     "nothing goes out in clear, so nothing goes out",
		Mend:    "smtp.host must be the name in the relay's certificate; smtp.ca_file adds an authority of your own"}
	relayClear = check.Rule{ID: "relay-clear", Severity: check.SeverityInfo,
		Summary: "the session with the relay is in clear",
		Why:     "it stays on this machine, and what the relay does from there is its own business",
		Mend:    "see that the relay encrypts what it sends on"}
	relayCertificate = check.Rule{ID: "relay-certificate-expires", Severity: check.SeverityWarning,
		Summary: "the certificate of the relay ends within 14 days",
		Why:     "a campaign with retries and resends lasts for days, and stops where the certificate ends",
		Mend:    "have it renewed first"}
	relayAuth = check.Rule{ID: "relay-auth", Severity: check.SeverityError,
		Summary: "the relay does not let the configured user in",
		Why:     "no notice goes out, and some relays lock a user out after a few attempts",
		Mend:    "see smtp.username and where its password comes from"}
	relaySender = check.Rule{ID: "relay-sender", Severity: check.SeverityError,
		Summary: "the relay refuses MAIL FROM with the envelope sender of the notices",
		Why:     "every notice would be refused alike",
		Mend:    "let the relay take smtp.envelope_from, with +TOKEN where verp is on, from this user"}
	relayPutOff = check.Rule{ID: "relay-put-off", Severity: check.SeverityWarning,
		Summary: "the relay puts MAIL FROM off",
		Why:     "the run would wait and try again, for as long as the relay does so",
		Mend:    "ask who runs the relay what it waits for; the reply says more"}
	relaySize = check.Rule{ID: "relay-size", Severity: check.SeverityError,
		Summary: "a notice is larger than the relay takes",
		Why:     "it is refused, for everybody who is to get it",
		Mend:    "raise the limit of the relay, or shorten the notice"}
	relaySMTPUTF8 = check.Rule{ID: "relay-smtputf8", Severity: check.SeverityError,
		Summary: "smtp.smtputf8 is on, and the relay does not offer SMTPUTF8",
		Why:     "notices to addresses that are not ASCII are planned, and then rejected",
		Mend:    "set smtp.smtputf8 to false, so that those people are excluded and can be told another way"}
	relayPipelining = check.Rule{ID: "relay-pipelining", Severity: check.SeverityInfo,
		Summary: "the relay does not offer PIPELINING",
		Why:     "a notice costs five round trips in place of one, so that the rate may not be reached",
		Mend:    "more smtp.connections make up for it"}
	relaySizeUnsaid = check.Rule{ID: "relay-size-unsaid", Severity: check.SeverityInfo,
		Summary: "the relay does not offer SIZE",
		Why:     "what is too large for it is seen only after it was sent",
		Mend:    "ask who runs the relay for its limit"}
	relayDSN = check.Rule{ID: "relay-dsn", Severity: check.SeverityInfo,
		Summary: "the relay does not offer DSN",
		Why:     "bounces may return the whole notice, and say less about what happened",
		Mend:    "nothing; bounces are still matched"}

	dnsFailed = check.Rule{ID: "dns-failed", Severity: check.SeverityError,
		Summary: "a question to the DNS got no answer",
		Why:     "whether the record is there is not known, here and perhaps at the receivers",
		Mend:    "run the check again; where it stays, look at the name servers of the domain, or name another one in check.resolver"}

	dkimUnsigned = check.Rule{ID: "dkim-unsigned", Severity: check.SeverityInfo,
		Summary: "notify does not sign the notices",
		Why:     "large providers refuse bulk mail without a DKIM signature of the sender's domain",
		Mend:    "see that the relay signs, or set smtp.dkim"}
	dkimRecord = check.Rule{ID: "dkim-record", Severity: check.SeverityError,
		Summary: "the DKIM key is not published, or not in a way that can be read",
		Why:     "no receiver can verify the signature",
		Mend:    "publish one TXT record at the selector, below _domainkey of the domain: v=DKIM1; k=TYPE; p=KEY"}
	dkimKey = check.Rule{ID: "dkim-key", Severity: check.SeverityError,
		Summary: "the published DKIM key is not the one that signs",
		Why:     "every signature is wrong, which is worse than none",
		Mend:    "publish the key that belongs to smtp.dkim.key_file, under a selector of its own"}
	dkimSignature = check.Rule{ID: "dkim-signature", Severity: check.SeverityError,
		Summary: "the signature of a test message does not verify",
		Why:     "receivers would see the same",
		Mend:    "the record may forbid the hash (h=) or mail (s=); what the finding says is what receivers find"}
	dkimTesting = check.Rule{ID: "dkim-testing", Severity: check.SeverityWarning,
		Summary: "the DKIM record says that it is a test (t=y)",
		Why:     "receivers treat the message as if it were not signed",
		Mend:    "take t=y out of the record"}
	dkimEd25519 = check.Rule{ID: "dkim-ed25519", Severity: check.SeverityWarning,
		Summary: "the DKIM key is of Ed25519",
		Why:     "many receivers, the largest among them, verify RSA alone",
		Mend:    "sign with an RSA key of 2048 bits"}

	spfMissing = check.Rule{ID: "spf-missing", Severity: check.SeverityError,
		Summary: "the envelope domain has no SPF record",
		Why:     "large providers refuse bulk mail without it",
		Mend:    "publish a TXT record that names what sends: v=spf1 include:RELAY -all"}
	spfSeveral = check.Rule{ID: "spf-several", Severity: check.SeverityError,
		Summary: "the envelope domain has more than one SPF record",
		Why:     "receivers look at none of them (RFC 7208 section 4.5)",
		Mend:    "make one of them"}
	spfBroken = check.Rule{ID: "spf-broken", Severity: check.SeverityError,
		Summary: "the SPF record cannot be evaluated",
		Why:     "receivers take it for an error, and some refuse the mail",
		Mend:    "mend the record, and those that it includes; more than ten lookups are an error, too"}
	spfOpen = check.Rule{ID: "spf-open", Severity: check.SeverityError,
		Summary: "the SPF record lets everybody send",
		Why:     "forged notices follow real ones, and pass",
		Mend:    "end the record in -all or ~all, and take out networks that are not yours"}
	spfRelay = check.Rule{ID: "spf-relay", Severity: check.SeverityWarning,
		Summary: "the SPF record does not let the relay's address send",
		Why:     "a relay may send from other addresses than the one that it is spoken to at; if it does not, SPF fails",
		Mend:    "ask who runs the relay for the addresses that it sends from, or for what is to be included in the record"}
	spfRelayPrivate = check.Rule{ID: "spf-relay-private", Severity: check.SeverityInfo,
		Summary: "the relay is spoken to at an address that is not public",
		Why:     "receivers see another one, which cannot be held against the SPF record from here",
		Mend:    "ask who runs the relay for the addresses that it sends from, and see that the record has them"}

	dmarcMissing = check.Rule{ID: "dmarc-missing", Severity: check.SeverityWarning,
		Summary: "the domain of the sender has no DMARC record",
		Why:     "large providers refuse bulk mail without it, and nothing keeps others from mailing in its name",
		Mend:    "publish a TXT record below _dmarc of the domain: v=DMARC1; p=none is a beginning"}
	dmarcBroken = check.Rule{ID: "dmarc-broken", Severity: check.SeverityError,
		Summary: "the DMARC record cannot be read, or there are several",
		Why:     "receivers act as if there were none",
		Mend:    "publish one record that begins with v=DMARC1; p=POLICY"}
	dmarcUnaligned = check.Rule{ID: "dmarc-unaligned", Severity: check.SeverityError,
		Summary: "neither the envelope domain nor the DKIM domain is aligned with the sender's",
		Why:     "DMARC fails for every notice, whatever SPF and DKIM say",
		Mend:    "sign with a key of the domain of notice.from, or use smtp.envelope_from at that domain"}
	dmarcSPFAlone = check.Rule{ID: "dmarc-spf-alone", Severity: check.SeverityWarning,
		Summary: "DMARC rests on SPF alone: the DKIM domain is not aligned with the sender's",
		Why:     "SPF fails wherever a reader has his mail forwarded",
		Mend:    "sign with a key of the domain of notice.from"}
	dmarcRelaySigns = check.Rule{ID: "dmarc-relay-signs", Severity: check.SeverityWarning,
		Summary: "the envelope domain is not aligned with the sender's, and notify does not sign",
		Why:     "DMARC fails for every notice, unless the relay signs for the sender's domain",
		Mend:    "see that the relay does, or set smtp.dkim"}
	dmarcPolicyNone = check.Rule{ID: "dmarc-policy-none", Severity: check.SeverityInfo,
		Summary: "the DMARC policy is none",
		Why:     "receivers let forged mail in the sender's name through",
		Mend:    "quarantine or reject, once the reports show that nothing of your own is hit; not on the day of a campaign"}

	mxMissing = check.Rule{ID: "mx-missing", Severity: check.SeverityError,
		Summary: "the envelope domain takes no mail: it has neither MX nor address",
		Why:     "no bounce comes back, and some receivers refuse such senders",
		Mend:    "publish an MX record, or use smtp.envelope_from at a domain that takes mail"}
	mxNull = check.Rule{ID: "mx-null", Severity: check.SeverityError,
		Summary: "the envelope domain says that it takes no mail (a null MX, RFC 7505)",
		Why:     "no bounce comes back, and receivers may refuse such senders",
		Mend:    "use smtp.envelope_from at a domain that takes mail"}
	mxImplicit = check.Rule{ID: "mx-implicit", Severity: check.SeverityWarning,
		Summary: "the envelope domain has an address and no MX",
		Why:     "bounces go to that address, which is often a web server",
		Mend:    "publish an MX record"}
	mxUnresolved = check.Rule{ID: "mx-unresolved", Severity: check.SeverityError,
		Summary: "no MX of the envelope domain has an address",
		Why:     "no bounce comes back",
		Mend:    "mend the MX record, or the address of the host that it names"}

	pageDown = check.Rule{ID: "page-down", Severity: check.SeverityError,
		Summary: "a page of the notices does not answer over valid TLS in time",
		Why:     "everybody is sent there, at once",
		Mend:    "bring it up first, and see that it bears the rush"}
	pageStatus = check.Rule{ID: "page-status", Severity: check.SeverityError,
		Summary: "a page of the notices does not answer 200",
		Why:     "readers find an error where they are to act",
		Mend:    "see that the link is right and the page is public"}
	pageRedirect = check.Rule{ID: "page-redirect", Severity: check.SeverityError,
		Summary: "a page of the notices leads to a foreign host, or in circles",
		Why:     "readers are told to trust the official domains alone",
		Mend:    "link to where it leads, or add that domain to official_domains where it is your own"}
	pageCertificate = check.Rule{ID: "page-certificate-expires", Severity: check.SeverityWarning,
		Summary: "the certificate of a page ends within 14 days",
		Why:     "people read their mail late, and then find a warning in place of the page",
		Mend:    "have it renewed first"}
)
