package campaign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// ErrForeignToken says that a token was not made with this campaign's key. It is
// returned by Key.Seq.
var ErrForeignToken = errors.New("the token is not of this campaign")

const (
	keySize  = 32
	seqBytes = 5  // a million million notices
	macBytes = 10 // 80 bits: not guessable over a mail server

	tokenSize = (seqBytes + macBytes) * 8 / 5 // characters of base32
)

// tokenEncoding is lower-case base32 without padding: it survives every mail system
// that folds case, which base64 does not.
var tokenEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Key is the secret of one campaign, made at planning and kept in its ledger. What
// it signs cannot be guessed or forged without the ledger.
type Key [keySize]byte

// NewKey reads a key from random.
func NewKey(random io.Reader) (Key, error) {
	var k Key
	_, err := io.ReadFull(random, k[:])
	return k, err
}

// NoticeID returns the token of a notice: 24 characters of a-z and 2-7, which hold
// its number and an HMAC over it. It names nobody.
func (k Key) NoticeID(seq int64) string {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(seq))
	token := number[8-seqBytes:]
	return tokenEncoding.EncodeToString(append(token, k.mac(token)...))
}

// Seq returns the number of the notice that a token names. Upper case is read as
// lower case. It returns ErrForeignToken for everything that NoticeID of this key
// does not give.
func (k Key) Seq(token string) (int64, error) {
	if len(token) != tokenSize { // the decoder would skip line ends and a left-over character
		return 0, ErrForeignToken
	}
	raw, err := tokenEncoding.DecodeString(strings.ToLower(token))
	if err != nil || len(raw) != seqBytes+macBytes {
		return 0, ErrForeignToken
	}
	if !hmac.Equal(raw[seqBytes:], k.mac(raw[:seqBytes])) {
		return 0, ErrForeignToken
	}
	var number [8]byte
	copy(number[8-seqBytes:], raw[:seqBytes])
	return int64(binary.BigEndian.Uint64(number[:])), nil
}

func (k Key) mac(message []byte) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte("notice\x00"))
	h.Write(message)
	return h.Sum(nil)[:macBytes]
}

// LooksLikeToken reports whether text has the form of a token of any campaign, so that
// what Key.Seq refuses is forged or of another one and not just any word.
func LooksLikeToken(text string) bool {
	if len(text) != tokenSize {
		return false
	}
	_, err := tokenEncoding.DecodeString(strings.ToLower(text))
	return err == nil
}
