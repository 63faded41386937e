package jwt

import (
	"context"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
)

// BenchmarkCached is a call with a token that is known, through the chain.
func BenchmarkCached(b *testing.B) {
	k := newSigner(b, "k1", jose.ES256)
	r := newResolver(b, newTestIssuer(k), nil)
	run(b, r)
	chain, err := identity.New(identity.Config{Resolvers: []identity.Resolver{r}, Key: testKey})
	if err != nil {
		b.Fatal(err)
	}
	ev := bearer(k.sign(b, claimSet(time.Now()), nil))
	b.ReportAllocs()
	for b.Loop() {
		if chain.Identify(context.Background(), ev).Principal.Level != event.LevelVerified {
			b.Fatal("not verified")
		}
	}
}

// BenchmarkUncached is the first call with a token, by algorithm.
func BenchmarkUncached(b *testing.B) {
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256} {
		b.Run(string(alg), func(b *testing.B) {
			k := newSigner(b, "k1", alg)
			r := newResolver(b, newTestIssuer(k), nil)
			run(b, r)
			token := k.sign(b, claimSet(time.Now()), nil)
			b.ReportAllocs()
			for b.Loop() {
				if r.verify(context.Background(), token).refusal != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}
