package feed

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// ses makes an event of Amazon SES.
func ses(key, kind, rest string) string {
	return `{"` + key + `":"` + kind + `","mail":{"timestamp":"2026-09-08T10:11:12.000Z","messageId":"0100-ses","source":"bounces+tok@acme.example",` +
		`"destination":["a@example.org"],"headersTruncated":false,"headers":[{"name":"From","value":"x"},{"name":"Message-ID","value":"<1@acme.example>"},{"name":"X-Notice-ID","value":"n1"}],` +
		`"commonHeaders":{"messageId":"other"}},` + rest + `}`
}

func sesBounce(kind, subType, recipient string) string {
	return ses("notificationType", "Bounce", `"bounce":{"bounceType":"`+kind+`","bounceSubType":"`+subType+`","bouncedRecipients":[{"emailAddress":"a@example.org"`+recipient+`}],"timestamp":"2026-09-08T10:11:13.000Z","feedbackId":"f-1"}`)
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string never fails
	return string(b)
}

const report = `,"action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"`

func mailgun(event, rest string) string {
	return `{"event":"` + event + `","id":"e1","timestamp":1788862272.123,"log-level":"error","recipient":"a@example.org","envelope":{"sender":"bounces+tok@acme.example"},` +
		`"message":{"headers":{"message-id":"1@acme.example","to":"a@example.org"}},"user-variables":[]` + rest + `}`
}

func mailgunFailed(severity, reason, status string) string {
	return mailgun("failed", `,"severity":"`+severity+`","reason":"`+reason+`","delivery-status":{`+status+`}`)
}

var providerCases = []struct {
	name, input string
	want        []string
}{
	{"SES, no such mailbox", sesBounce("Permanent", "General", report), []string{"ses bounce failed <a@example.org> 5.1.1 permanent final no_mailbox <1@acme.example>"}},
	{"SES, what SES says goes before the code", sesBounce("Transient", "MailboxFull", strings.ReplaceAll(report, "5.1.1", "5.2.2")), []string{"ses bounce failed <a@example.org> 5.2.2 transient final mailbox_full <1@acme.example>"}},
	{"SES, on a suppression list", sesBounce("Permanent", "OnAccountSuppressionList", ""), []string{"ses bounce failed <a@example.org>  permanent final unsubscribed <1@acme.example>"}},
	{"SES, undetermined", sesBounce("Undetermined", "Undetermined", `,"status":"4.4.7"`), []string{"ses bounce failed <a@example.org> 4.4.7 transient final expired <1@acme.example>"}},
	{"SES, a type of the future", sesBounce("Quantum", "Foam", ""), []string{"ses bounce failed <a@example.org>  unknown final  <1@acme.example>"}},
	{"SES, an answer of somebody who is away", sesBounce("Transient", "General", ""), []string{"ses auto_reply  <a@example.org>  unknown vacation <1@acme.example>"}},
	{"SES, transient with a report", sesBounce("Transient", "General", report), []string{"ses bounce failed <a@example.org> 5.1.1 transient final no_mailbox <1@acme.example>"}},
	{"SES, a complaint", ses("eventType", "Complaint", `"complaint":{"complainedRecipients":[{"emailAddress":"a@example.org"}],"feedbackId":"f"}`), []string{"ses feedback  <a@example.org>  unknown complaint <1@acme.example>"}},
	{"SES, a complaint of the past", ses("eventType", "Complaint", `"complaint":{"complainedRecipients":[{"emailAddress":"a@example.org"}],"complaintSubType":"OnAccountSuppressionList"}`), []string{"ses bounce failed <a@example.org>  permanent final unsubscribed <1@acme.example>"}},
	{"SES, not spam", ses("eventType", "Complaint", `"complaint":{"complainedRecipients":[{"emailAddress":"a@example.org"}],"complaintFeedbackType":"not-spam"}`), []string{"ses other  <a@example.org>  unknown  <1@acme.example>"}},
	{"SES, delivered", ses("notificationType", "Delivery", `"delivery":{"recipients":["a@example.org"],"smtpResponse":"250 2.6.0 Message received"}`), []string{"ses delivered delivered <a@example.org> 2.6.0 unknown final  <1@acme.example>"}},
	{"SES, its own id is no Message-ID", `{"eventType":"Bounce","mail":{"messageId":"0100-ses","commonHeaders":{"messageId":"<0100-ses@eu-west-1.amazonses.com>"}},"bounce":{"bounceType":"Permanent","bounceSubType":"NoEmail","bouncedRecipients":[{"emailAddress":"a@example.org"}]}}`, []string{"ses bounce failed <a@example.org>  permanent final no_mailbox <>"}},
	{"SES, delayed", ses("eventType", "DeliveryDelay", `"deliveryDelay":{"delayType":"MailboxFull","delayedRecipients":[{"emailAddress":"a@example.org","status":"4.2.2"}]}`), []string{"ses delay delayed <a@example.org> 4.2.2 transient mailbox_full <1@acme.example>"}},
	{"SES, taken", ses("eventType", "Send", `"send":{}`), []string{"ses other queued <a@example.org>  unknown  <1@acme.example>"}},
	{"SES, a virus", ses("eventType", "Reject", `"reject":{"reason":"Bad content"}`), []string{"ses bounce failed <a@example.org>  permanent final virus <1@acme.example>"}},
	{"SES, opened", ses("eventType", "Open", `"open":{}`), []string{"ses other  <a@example.org>  unknown  <1@acme.example>"}},
	{"SES in SNS", `{"Type":"Notification","TopicArn":"arn:x","Message":` + quoted(sesBounce("Permanent", "NoEmail", "")) + `}`, []string{"ses bounce failed <a@example.org>  permanent final no_mailbox <1@acme.example>"}},
	{"SES in SNS in SQS", `{"Messages":[{"Body":` + quoted(`{"Type":"Notification","TopicArn":"arn:x","Message":`+quoted(sesBounce("Permanent", "NoEmail", ""))+`}`) + `}]}`, []string{"ses bounce failed <a@example.org>  permanent final no_mailbox <1@acme.example>"}},
	{"SES in SNS for Lambda", `{"Records":[{"Sns":{"TopicArn":"arn:x","Message":` + quoted(sesBounce("Permanent", "NoEmail", "")) + `}}]}`, []string{"ses bounce failed <a@example.org>  permanent final no_mailbox <1@acme.example>"}},
	{"SES in EventBridge", `{"detail-type":"Email Bounced","source":"aws.ses","detail":` + sesBounce("Permanent", "NoEmail", "") + `}`, []string{"ses bounce failed <a@example.org>  permanent final no_mailbox <1@acme.example>"}},
	{"SNS confirms a subscription", `{"Type":"SubscriptionConfirmation","TopicArn":"arn:x","Message":"You have chosen to subscribe"}`, []string{"ses other"}},

	{"Postmark, API", `{"TotalCount":2,"Bounces":[` + strings.Replace(postmarkBounce, `"RecordType":"Bounce",`, "", 1) + `]}`, bothTold[:1]},
	{"Postmark, nothing", `{"TotalCount":0,"Bounces":[]}`, nil},
	{"Postmark, delayed", `{"RecordType":"Bounce","ID":1,"TypeCode":2,"Email":"a@example.org","Description":"later","Metadata":{"message-id":"<1@acme.example>"}}`, []string{"postmark delay delayed <a@example.org>  transient  <1@acme.example>"}},
	{"Postmark, soft", `{"RecordType":"Bounce","ID":1,"TypeCode":4096,"Email":"a@example.org","Details":"552 5.2.2 full"}`, []string{"postmark bounce failed <a@example.org> 5.2.2 transient final mailbox_full <>"}},
	{"Postmark, away", `{"RecordType":"Bounce","ID":1,"TypeCode":64,"Email":"a@example.org"}`, []string{"postmark auto_reply  <a@example.org>  unknown vacation <>"}},
	{"Postmark, a complaint", `{"RecordType":"SpamComplaint","ID":1,"TypeCode":100001,"Email":"a@example.org"}`, []string{"postmark feedback  <a@example.org>  unknown complaint <>"}},
	{"Postmark, a complaint with the code of its documentation", `{"RecordType":"SpamComplaint","ID":1,"Type":"SpamComplaint","TypeCode":512,"Email":"a@example.org","Details":"550 5.1.1 no"}`, []string{"postmark feedback  <a@example.org>  unknown complaint <>"}},
	{"Postmark, a complaint without a type", `{"RecordType":"SpamComplaint","ID":1,"Email":"a@example.org"}`, []string{"postmark feedback  <a@example.org>  unknown complaint <>"}},
	{"Postmark, a complaint with the code of another type", `{"RecordType":"SpamComplaint","ID":1,"Type":"HardBounce","TypeCode":100000,"Email":"a@example.org"}`, []string{"postmark feedback  <a@example.org>  unknown complaint <>"}},
	{"Postmark, a complaint in the API", `{"ID":1,"Type":"SpamComplaint","TypeCode":512,"Email":"a@example.org"}`, []string{"postmark feedback  <a@example.org>  unknown complaint <>"}},
	{"Postmark, a challenge", `{"RecordType":"Bounce","ID":1,"TypeCode":16384,"Email":"a@example.org"}`, []string{"postmark auto_reply  <a@example.org>  unknown challenge <>"}},
	{"Postmark, a challenge with another code", `{"RecordType":"Bounce","ID":1,"Type":"ChallengeVerification","TypeCode":4096,"Email":"a@example.org"}`, []string{"postmark auto_reply  <a@example.org>  unknown challenge <>"}},
	{"Postmark, a challenge with an unknown code", `{"RecordType":"Bounce","ID":1,"Type":"ChallengeVerification","TypeCode":4099,"Email":"a@example.org"}`, []string{"postmark auto_reply  <a@example.org>  unknown challenge <>"}},
	{"Postmark, away with another code", `{"RecordType":"Bounce","ID":1,"Type":"AutoResponder","TypeCode":32,"Email":"a@example.org"}`, []string{"postmark auto_reply  <a@example.org>  unknown vacation <>"}},
	{"Postmark, delivered", `{"RecordType":"Delivery","MessageID":"x","Recipient":"a@example.org","DeliveredAt":"2026-09-08T10:11:12Z","Details":"250 ok"}`, []string{"postmark delivered delivered <a@example.org>  unknown final  <>"}},
	{"Postmark, a type of the future", `{"RecordType":"Bounce","TypeCode":99,"Email":"a@example.org","Details":"451 4.7.1 try later"}`, []string{"postmark bounce failed <a@example.org> 4.7.1 transient final policy <>"}},
	{"Postmark, unsubscribed", `{"RecordType":"SubscriptionChange","Recipient":"a@example.org","SuppressSending":true}`, []string{"postmark other  <a@example.org>  unknown  <>"}},

	{"Mailgun, permanent", mailgunFailed("permanent", "bounce", `"code":550,"message":"550 5.1.1 no such user"`), []string{"mailgun bounce failed <a@example.org> 5.1.1 permanent final no_mailbox <1@acme.example>"}},
	{"Mailgun, gave up on 4xx", mailgunFailed("permanent", "generic", `"code":"450","enhanced-code":"4.2.1","message":"busy"`), []string{"mailgun bounce failed <a@example.org> 4.2.1 transient final inactive <1@acme.example>"}},
	{"Mailgun, too old", mailgunFailed("permanent", "old", `"code":602,"message":"Too old"`), []string{"mailgun bounce failed <a@example.org>  transient final expired <1@acme.example>"}},
	{"Mailgun, suppressed", mailgunFailed("permanent", "suppress-bounce", `"code":605,"message":"","description":"Not delivering to previously bounced address"`), []string{"mailgun bounce failed <a@example.org>  permanent final no_mailbox <1@acme.example>"}},
	{"Mailgun, suppressed by the code alone", mailgunFailed("permanent", "x", `"code":606`), []string{"mailgun bounce failed <a@example.org>  permanent final unsubscribed <1@acme.example>"}},
	{"Mailgun, temporary", mailgunFailed("temporary", "greylisted", `"code":451,"message":"4.7.1 greylisted"`), []string{"mailgun delay delayed <a@example.org> 4.7.1 transient rate <1@acme.example>"}},
	{"Mailgun, delivered in a web hook", `{"signature":{"token":"t"},"event-data":` + mailgun("delivered", `,"delivery-status":{"code":250,"message":"OK"}`) + `}`, []string{"mailgun delivered delivered <a@example.org>  unknown final  <1@acme.example>"}},
	{"Mailgun, items", `{"items":[` + mailgun("accepted", "") + `,` + mailgun("complained", "") + `],"paging":{}}`, []string{"mailgun other queued <a@example.org>  unknown  <1@acme.example>", "mailgun feedback  <a@example.org>  unknown complaint <1@acme.example>"}},
	{"Mailgun, refused", `{"event":"rejected","id":"e1","reject":{"reason":"Sandbox"},"message":{"headers":{"message-id":"1@acme.example","to":"a@example.org"}}}`, []string{"mailgun bounce failed <a@example.org>  permanent final policy <1@acme.example>"}},

	{"SendGrid, bounce", `[{"email":"a@example.org","event":"bounce","type":"bounce","status":"5.0.0","reason":"500 unknown recipient","bounce_classification":"Invalid Address","timestamp":1788862272,"smtp-id":"<1@acme.example>","sg_event_id":"y"}]`, []string{"sendgrid bounce failed <a@example.org> 5.0.0 permanent final no_mailbox <1@acme.example>"}},
	{"SendGrid, blocked", `[{"email":"a@example.org","event":"bounce","type":"blocked","status":"5.7.1","reason":"blocked by a list","timestamp":1788862272}]`, []string{"sendgrid bounce failed <a@example.org> 5.7.1 transient final reputation <>"}},
	{"SendGrid, dropped", `[{"email":"a@example.org","event":"dropped","reason":"Spam Content (if Spam Checker app enabled)","status":"5.0.0"},{"email":"a@example.org","event":"dropped","reason":"Bounced Address"},{"email":"a@example.org","event":"dropped","reason":"who knows"}]`,
		[]string{"sendgrid bounce failed <a@example.org> 5.0.0 permanent final spam <>", "sendgrid bounce failed <a@example.org>  permanent final no_mailbox <>", "sendgrid bounce failed <a@example.org>  permanent final  <>"}},
	{"SendGrid, the rest", `[{"email":"a@example.org","event":"processed"},{"email":"a@example.org","event":"deferred","response":"451 4.3.2 later"},{"email":"a@example.org","event":"spamreport"},{"email":"a@example.org","event":"click"}]`,
		[]string{"sendgrid other queued <a@example.org>  unknown  <>", "sendgrid delay delayed <a@example.org> 4.3.2 transient system <>", "sendgrid feedback  <a@example.org>  unknown complaint <>", "sendgrid other  <a@example.org>  unknown  <>"}},
	{"SendGrid, list of bounces", `[{"created":1788862272,"email":"a@example.org","reason":"550 5.1.1 no","status":"5.1.1"}]`, []string{"sendgrid bounce failed <a@example.org> 5.1.1 permanent final no_mailbox <>"}},
	{"SendGrid, bounces as CSV", "status,reason,email,created\n5.1.1,\"550 5.1.1 no, such\nuser\",a@example.org,1788862272\n4.2.2,full,b@example.org,2026-09-08 10:11:12\n",
		[]string{"sendgrid bounce failed <a@example.org> 5.1.1 permanent final no_mailbox <>", "sendgrid bounce failed <b@example.org> 4.2.2 transient final mailbox_full <>"}},
	{"SendGrid, spam reports as CSV", "Email;Created;IP\r\na@example.org;1788862272;192.0.2.1\r\n", []string{"sendgrid feedback  <a@example.org>  unknown complaint <>"}},
	{"SendGrid, unsubscribes as CSV", "email,created\na@example.org,1788862272\n", []string{"sendgrid other  <a@example.org>  unknown  <>"}},
	{"SendGrid, activity as CSV", "processed,message_id,event,email,reason,type\n2026-09-08 10:11:12,x,bounce,a@example.org,550 no,blocked\n", []string{"sendgrid bounce failed <a@example.org>  transient final  <>"}},
	{"Postmark as CSV", "ID,Type,TypeCode,Email,Details,BouncedAt\n42,HardBounce,1,a@example.org,550 5.1.1 no,2026-09-08T10:11:12Z\n", bothTold[:1]},
}

func TestProviders(t *testing.T) {
	for _, c := range providerCases {
		t.Run(c.name, func(t *testing.T) {
			events, errs := walk(strings.NewReader(c.input))
			if got := written(events); len(errs) > 0 || !slices.Equal(got, c.want) {
				t.Errorf("told\n%s\nwant\n%s\nerrors %v", strings.Join(got, "\n"), strings.Join(c.want, "\n"), errs)
			}
		})
	}
}

func TestTheSameEventIsTheSameDigestInEveryEnvelope(t *testing.T) {
	delivery := ses("notificationType", "Delivery", `"delivery":{"recipients":["a@example.org"]}`)
	spaced := strings.NewReplacer(`":`, `" : `, `,"`, `, "`).Replace(delivery)
	wrapped := `{"Type":"Notification","MessageId":"1","TopicArn":"arn:x","Message":` + quoted(delivery) + `}`
	hook := postmarkBounce
	api := `{"Bounces":[` + strings.Replace(strings.Replace(postmarkBounce, `"RecordType":"Bounce",`, "", 1), `"Details"`, `"Subject":"x","Details"`, 1) + `]}`
	for _, same := range [][]string{{delivery, spaced, wrapped}, {hook, api}} {
		first, _ := walk(strings.NewReader(same[0]))
		for _, other := range same[1:] {
			again, errs := walk(strings.NewReader(other))
			if len(errs) > 0 || len(again) != 1 || again[0].Digest != first[0].Digest {
				t.Errorf("%s: errors %v, another digest than\n%s", other, errs, same[0])
			}
		}
	}
	events, _ := walk(strings.NewReader(postmarkBounce + "\n" + strings.Replace(postmarkBounce, "42", "43", 1) + "\n" + delivery))
	if events[0].Digest == events[1].Digest || events[1].Digest == events[2].Digest {
		t.Error("different events have the same digest")
	}
}

func TestAnEventHasItsTokensTimeAndAddresses(t *testing.T) {
	at := time.Date(2026, 9, 8, 10, 11, 12, 0, time.UTC)
	for name, input := range map[string]string{
		"SES":      ses("notificationType", "Delivery", `"delivery":{"timestamp":"2026-09-08T10:11:12Z","recipients":["a@example.org"]}`),
		"Mailgun":  mailgun("delivered", ""),
		"Postmark": `{"RecordType":"Delivery","Recipient":"a@example.org","From":"bounces+tok@acme.example","DeliveredAt":"2026-09-08T12:11:12+02:00"}`,
	} {
		events, errs := walk(strings.NewReader(input))
		if len(errs) > 0 || len(events) != 1 {
			t.Fatalf("%s: errors %v", name, errs)
		}
		e := events[0]
		if !slices.Equal(e.Tokens, []string{"tok"}) || !e.At.Truncate(time.Second).Equal(at) || !slices.Equal(e.Addresses, []string{"a@example.org"}) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	events, _ := walk(strings.NewReader(ses("notificationType", "Delivery", `"delivery":{"recipients":["a@example.org"]}`)))
	if events[0].NoticeID != "n1" {
		t.Errorf("notice %q, want n1", events[0].NoticeID)
	}
}
