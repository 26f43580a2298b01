package delivery_test

import (
	"regexp"
	"strings"
	"testing"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/smtptest"
)

func TestMessageAboveTheLimitOfTheRelayIsRejectedAndTheRunGoesOn(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		c := newTrial(t, w, setting{}) // the server takes 10 MB
		c.run.Composer = bulky{c.run.Composer, mailbox(4)}
		_, b := c.mustSend(delivery.Done)
		b.want(states{campaign.Accepted: 9, campaign.Rejected: 1}).attempts(1, nil).reply(mailbox(4), "5.3.4 notify: the relay takes messages of 10485760 octets at most, this one has 11")
		for _, line := range c.server.Lines() {
			if strings.Contains(line, mailbox(4)) {
				t.Errorf("the relay was told %q", line)
			}
		}
	})
}

func TestMessageRefusedForItsSizeCostsNoBodyAndNoOtherNotice(t *testing.T) {
	large := regexp.MustCompile(`SIZE=[0-9]{8}`)
	for name, extensions := range map[string][]string{
		"pipelined":   {"PIPELINING", "SIZE", "ENHANCEDSTATUSCODES"},
		"in lockstep": {"SIZE", "ENHANCEDSTATUSCODES"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := func(e smtptest.Event) smtptest.Action {
				if e.Stage == smtptest.Mail && large.MatchString(e.Line) {
					return smtptest.Action{Reply: "552 5.3.4 message size exceeds fixed limit"}
				}
				return smtptest.Action{}
			}
			c := newTrial(t, inClear, setting{script: script, server: smtptest.Options{Extensions: extensions}})
			c.run.Composer = bulky{c.run.Composer, mailbox(4)}
			_, b := c.mustSend(delivery.Done)
			b.want(states{campaign.Accepted: 9, campaign.Rejected: 1}).attempts(1, nil).reply(mailbox(4), "552 5.3.4")
			if b.dots[mailbox(4)] != 0 {
				t.Error("the body was sent")
			}
		})
	}
}

func TestEveryEnvelopeSaysHowLargeItsMessageIs(t *testing.T) {
	c := newTrial(t, inClear, setting{})
	c.mustSend(delivery.Done)
	sized := regexp.MustCompile(`^MAIL FROM:<[^>]*> SIZE=([0-9]+) `)
	for _, line := range c.server.Lines() {
		if strings.HasPrefix(line, "MAIL") && !sized.MatchString(line) {
			t.Errorf("the relay was told %q", line)
		}
	}
}
