package store

import (
	"errors"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func TestInventionIsTheSameEachTime(t *testing.T) {
	a, b, other := New(7), New(7), New(8)
	if !reflect.DeepEqual(a.customers, b.customers) || !reflect.DeepEqual(a.orders, b.orders) {
		t.Error("one seed gave two shops")
	}
	if reflect.DeepEqual(a.customers, other.customers) {
		t.Error("two seeds gave one shop")
	}
}

func TestAccountNumbersHaveValidCheckDigits(t *testing.T) {
	s, seen := New(1), 0
	for _, c := range s.customers.rows {
		if c.IBAN == "" {
			continue
		}
		seen++
		n, ok := new(big.Int).SetString(c.IBAN[4:]+"1314"+c.IBAN[2:4], 10)
		if !ok || len(c.IBAN) != 22 || new(big.Int).Mod(n, big.NewInt(97)).Int64() != 1 {
			t.Errorf("%s: %s is not a valid IBAN", c.ID, c.IBAN)
		}
	}
	if seen < Customers/5 {
		t.Errorf("%d customers have an account number", seen)
	}
}

func TestNobodyBuysWhatIsNotThere(t *testing.T) {
	s := New(1)
	if _, err := s.SetStock("prd_000001", 5); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	sold := make(chan error, 20)
	for range 20 {
		wg.Go(func() {
			_, err := s.AddOrder("cus_000001", []Line{{Product: "prd_000001", Quantity: 1}})
			sold <- err
		})
	}
	wg.Wait()
	close(sold)
	n := 0
	for err := range sold {
		if err == nil {
			n++
		} else if !errors.Is(err, ErrConflict) {
			t.Error(err)
		}
	}
	if p, _ := s.Product("prd_000001"); n != 5 || p.Stock != 0 {
		t.Errorf("sold %d of 5, %d left", n, p.Stock)
	}
}

func TestSlowSubscriberIsCutOff(t *testing.T) {
	s := New(1)
	_, events, cancel := s.Subscribe(0)
	defer cancel()
	for range buffered + 1 {
		s.feed.publish("order.placed", Order{})
	}
	n := 0
	for range events {
		n++
	}
	if n != buffered {
		t.Errorf("got %d events before the end, want %d", n, buffered)
	}
}

func TestOldFilesMakeRoom(t *testing.T) {
	s := New(1)
	for range maxFiles + 5 {
		if _, err := s.AddFile("a", "text/plain", "x", strings.NewReader("abc")); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.files.ids) != maxFiles || s.kept != int64(3*(maxFiles-1)) {
		t.Errorf("%d files with %d bytes", len(s.files.ids), s.kept)
	}
	if _, err := s.File("fil_000001"); err != nil {
		t.Errorf("the archive is gone: %v", err)
	}
}
