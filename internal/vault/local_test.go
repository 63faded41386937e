package vault_test

import (
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/test/vaulttest"
)

func local(t testing.TB, text string) *vault.Local {
	t.Helper()
	k, err := vault.ParseLocal(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestLocal(t *testing.T) {
	text := vault.NewLocalKey()
	vaulttest.Wrapper(t, local(t, text), local(t, " "+text+"\n"), local(t, vault.NewLocalKey()))
	vaulttest.Bound(t, local(t, text))
	if strings.Contains(local(t, text).Name(), text[:8]) {
		t.Error("the name has the key in it")
	}
}

func TestLocalRefused(t *testing.T) {
	for _, text := range []string{"", "abc", strings.Repeat("0", 63), strings.Repeat("g", 64), strings.Repeat("0", 66)} {
		if _, err := vault.ParseLocal(text); err == nil {
			t.Errorf("ParseLocal(%q): no error", text)
		}
	}
}
