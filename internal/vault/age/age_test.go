package age_test

import (
	"strings"
	"testing"

	lib "filippo.io/age"

	"github.com/gatebook/gatebook/internal/vault/age"
	"github.com/gatebook/gatebook/test/vaulttest"
)

func parse(t *testing.T, text string) *age.Key {
	t.Helper()
	k, err := age.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKey(t *testing.T) {
	var texts []string
	for range 2 {
		id, err := lib.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, "# created: 2026-11-26\n# public key: "+id.Recipient().String()+"\n"+id.String()+"\n")
	}
	vaulttest.Wrapper(t, parse(t, texts[0]), parse(t, texts[0]), parse(t, texts[1]))
	vaulttest.Bound(t, parse(t, texts[0]))
	if _, err := age.Parse(texts[0] + texts[1]); err == nil {
		t.Error("two identities in a file: no error")
	}
	if !age.Is(texts[0]) || age.Is("0011223344") {
		t.Error("an identity file is not told from another")
	}
}

func TestPostQuantum(t *testing.T) {
	a, err := lib.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	b, err := lib.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	k := parse(t, a.String())
	if len(k.Name()) > 80 {
		t.Errorf("its name has %d characters", len(k.Name()))
	}
	vaulttest.Bound(t, k)
	if k.Name() == parse(t, b.String()).Name() {
		t.Error("two keys have one name")
	}
}

func TestRefused(t *testing.T) {
	for _, text := range []string{"", "hello", "AGE-SECRET-KEY-1QQQ", "age1qqqq"} {
		if _, err := age.Parse(text); err == nil || strings.Contains(err.Error(), "QQQ") {
			t.Errorf("Parse(%q): got %v, want an error without the text", text, err)
		}
	}
}
