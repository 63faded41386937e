package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"path"
	"time"
)

// StampedName returns the name of the checkpoint of size n that was
// time-stamped.
func StampedName(n uint64) string { return path.Join(StampedDir, digits(n)+stampedExt) }

// TokenName returns the name of the time-stamp of the checkpoint of size n.
func TokenName(n uint64) string { return path.Join(StampedDir, digits(n)+tokenExt) }

// Timestamp is what a time-stamp of RFC 3161 says. Whether its signature holds
// is not known: that takes the certificates of the authority.
type Timestamp struct {
	Imprint [sha256.Size]byte // SHA-256 of what was stamped
	Time    time.Time
	Nonce   *big.Int // of the request; nil: it had none
}

var (
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSHA256     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// timeStampResp is TimeStampResp of RFC 3161, section 2.4.2.
type timeStampResp struct {
	Status struct {
		Status int
		Text   asn1.RawValue  `asn1:"optional,tag:16,class:0"` // SEQUENCE OF UTF8String
		Fail   asn1.BitString `asn1:"optional"`
	}
	Token asn1.RawValue `asn1:"optional"`
}

// contentInfo is ContentInfo of RFC 5652, section 3.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

// tstInfo is the begin of TSTInfo of RFC 3161, section 2.4.2.
type tstInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm struct {
			Algorithm  asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Hash []byte
	}
	Serial *big.Int
	Time   time.Time `asn1:"generalized"`
}

// ParseTimestamp reads the answer of a time-stamp authority (TimeStampResp). Its
// signature is not checked.
func ParseTimestamp(b []byte) (*Timestamp, error) {
	var resp timeStampResp
	if rest, err := asn1.Unmarshal(b, &resp); err != nil || len(rest) > 0 {
		return nil, errors.New("it is not the answer of a time-stamp authority")
	}
	if resp.Status.Status > 1 {
		return nil, fmt.Errorf("the time-stamp authority refused, with status %d", resp.Status.Status)
	}
	var token contentInfo
	if rest, err := asn1.Unmarshal(resp.Token.FullBytes, &token); err != nil || len(rest) > 0 || !token.Type.Equal(oidSignedData) {
		return nil, errors.New("it holds no time-stamp")
	}
	info, err := contentOf(token.Content.Bytes)
	if err != nil {
		return nil, err
	}
	return parseTSTInfo(info)
}

// contentOf returns the signed content of a SignedData.
func contentOf(b []byte) ([]byte, error) {
	// Only the first three members matter here; asn1 wants them all.
	var seq asn1.RawValue
	if _, err := asn1.Unmarshal(b, &seq); err != nil {
		return nil, errors.New("its signed data is damaged")
	}
	rest := seq.Bytes
	var version int
	var digests asn1.RawValue
	var content struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
	}
	var err error
	for _, v := range []any{&version, &digests, &content} {
		if rest, err = asn1.Unmarshal(rest, v); err != nil {
			return nil, errors.New("its signed data is damaged")
		}
	}
	var info []byte
	if _, err := asn1.Unmarshal(content.Content.Bytes, &info); err != nil || !content.Type.Equal(oidTSTInfo) {
		return nil, errors.New("what it signs is not a time")
	}
	return info, nil
}

func parseTSTInfo(b []byte) (*Timestamp, error) {
	var seq asn1.RawValue
	if rest, err := asn1.Unmarshal(b, &seq); err != nil || len(rest) > 0 {
		return nil, errors.New("the time that it signs is damaged")
	}
	var t tstInfo
	rest := seq.Bytes
	var err error
	for _, v := range []any{&t.Version, &t.Policy, &t.Imprint, &t.Serial} {
		if rest, err = asn1.Unmarshal(rest, v); err != nil {
			return nil, errors.New("the time that it signs is damaged")
		}
	}
	if rest, err = asn1.UnmarshalWithParams(rest, &t.Time, "generalized"); err != nil {
		return nil, errors.New("the time that it signs is damaged")
	}
	out := &Timestamp{Time: t.Time.UTC()}
	if !t.Imprint.Algorithm.Algorithm.Equal(oidSHA256) || len(t.Imprint.Hash) != len(out.Imprint) {
		return nil, errors.New("it is not over a SHA-256")
	}
	copy(out.Imprint[:], t.Imprint.Hash)
	for len(rest) > 0 { // accuracy, ordering, nonce, …: the nonce is the one INTEGER
		var v asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &v); err != nil {
			return nil, errors.New("the time that it signs is damaged")
		}
		if v.Class == asn1.ClassUniversal && v.Tag == asn1.TagInteger {
			out.Nonce = new(big.Int).SetBytes(v.Bytes)
		}
	}
	return out, nil
}

// Covers reports whether the time-stamp is of b.
func (t *Timestamp) Covers(b []byte) bool {
	sum := sha256.Sum256(b)
	return bytes.Equal(t.Imprint[:], sum[:])
}

// TimestampRequest returns the request (TimeStampReq of RFC 3161, section 2.4.1)
// for a time-stamp of b, with the certificate of who signs it.
func TimestampRequest(b []byte, nonce *big.Int) ([]byte, error) {
	sum := sha256.Sum256(b)
	type algorithm struct {
		Algorithm  asn1.ObjectIdentifier
		Parameters asn1.RawValue
	}
	type imprint struct {
		Algorithm algorithm
		Hash      []byte
	}
	return asn1.Marshal(struct {
		Version  int
		Imprint  imprint
		Nonce    *big.Int
		WithCert bool
	}{1, imprint{algorithm{oidSHA256, asn1.NullRawValue}, sum[:]}, nonce, true})
}
