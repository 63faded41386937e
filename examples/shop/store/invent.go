package store

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"time"
)

// How much is invented for a new store. Ids run from 1 to these numbers.
const (
	Customers = 3000
	Orders    = 9000
	Products  = 240
)

var (
	firstNames = strings.Fields("Ada Adrian Aisha Amir Anna Anton Bea Bruno Carla Chen Clara Daniel Dilara Elif Emil " +
		"Emma Fatima Felix Freya Hana Hugo Ines Ivan Jana Jonas Kofi Lea Leon Lina Luca Maja Malik Marta Mateo Mira " +
		"Nadia Nils Nora Olga Omar Oskar Paula Pavel Rania Rosa Samir Sara Sofia Tariq Theo Vera Yara Yusuf Zoe")
	lastNames = strings.Fields("Abara Adler Almeida Andersen Bauer Bianchi Blanc Costa Dahl Demir Diallo Dubois Eklund " +
		"Ferrari Fischer Fontaine Garcia Greco Haas Hansen Hoffmann Ibrahim Ilic Jansen Jung Kaya Keller Klein Kovac " +
		"Larsen Lehmann Lopez Maier Martin Mendes Meyer Moretti Nagy Nowak Okoye Olsen Petrov Popescu Richter Rossi " +
		"Santos Schmid Silva Sousa Suzuki Toth Varga Vogel Weber Wolff Yilmaz Zhang Ziegler")
	streets  = strings.Fields("Birch Chapel Elm Garden Harbour High Hill Lake Linden Market Mill Oak Park River School Station")
	places   = []Address{{City: "Berlin", PostalCode: "10%03d", Country: "DE"}, {City: "Hamburg", PostalCode: "20%03d", Country: "DE"}, {City: "Wien", PostalCode: "1%03d", Country: "AT"}, {City: "Paris", PostalCode: "75%03d", Country: "FR"}, {City: "Lyon", PostalCode: "69%03d", Country: "FR"}, {City: "Madrid", PostalCode: "28%03d", Country: "ES"}, {City: "Milano", PostalCode: "20%03d", Country: "IT"}, {City: "Utrecht", PostalCode: "3%03d AB", Country: "NL"}}
	things   = strings.Fields("Bowl Lamp Kettle Chair Rake Notebook Racket Atlas Basket Clock Blanket Board Bottle Shelf Spade Novel")
	looks    = strings.Fields("Amber Ash Blue Copper Cork Green Grey Ivory Linen Oak Red Slate Steel Walnut White")
	category = strings.Fields("kitchen garden office sport books")
)

// New returns a store with invented data. The same seed gives the same data.
func New(seed uint64) *Store {
	s := &Store{
		customers: newTable[Customer](1), orders: newTable[Order](1), products: newTable[Product](1),
		files: newTable[File](1), refunds: newTable[Refund](1), users: newTable[User](1),
		emails: map[string]string{}, feed: newFeed(),
		settings: map[string]string{"currency": "EUR", "free_shipping_from": "5000",
			"refund_limit": "20000", "maintenance": "off"},
	}
	r := rand.New(rand.NewPCG(seed, 1))
	start := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)
	for range Products {
		s.products.add("prd", func(id string) Product {
			return Product{ID: id, Name: pick(r, looks) + " " + pick(r, things), Category: pick(r, category),
				Price: 250 + 50*r.Int64N(400), Stock: 50 + r.IntN(5000)}
		})
	}
	for i := range Customers {
		c := s.customers.add("cus", func(id string) Customer { return inventCustomer(r, id, i, start) })
		s.emails[c.Email] = c.ID
	}
	for i := range Orders {
		s.orders.add("ord", func(id string) Order { return s.inventOrder(r, id, i, start) })
	}
	s.files.add("fil", func(id string) File {
		return File{ID: id, Name: "archive.bin", Type: "application/octet-stream", Size: ArchiveSize,
			Stored: true, By: "shop", Uploaded: start, made: true}
	})
	return s
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func inventCustomer(r *rand.Rand, id string, i int, start time.Time) Customer {
	first, last := pick(r, firstNames), pick(r, lastNames)
	a := pick(r, places)
	a.Street = fmt.Sprintf("%s Street %d", pick(r, streets), 1+r.IntN(180))
	a.PostalCode = fmt.Sprintf(a.PostalCode, r.IntN(1000))
	c := Customer{
		ID: id, Name: first + " " + last, Address: a,
		Email:   strings.ToLower(fmt.Sprintf("%s.%s%d@example.%s", first, last, i+1, pick(r, []string{"com", "org", "net"}))),
		Phone:   fmt.Sprintf("+44 7700 900%03d", r.IntN(1000)), // a range kept for fiction
		Segment: pick(r, []string{"private", "private", "private", "private", "business", "vip"}),
		Since:   start.Add(time.Duration(r.IntN(600*24)) * time.Hour),
	}
	if r.IntN(3) == 0 {
		c.IBAN = iban(fmt.Sprintf("00000000%010d", r.Int64N(1e10)))
	} else {
		c.CardToken, c.CardLast4 = fmt.Sprintf("card_%016x", r.Uint64()), fmt.Sprintf("%04d", r.IntN(1e4))
	}
	return c
}

// iban writes a German account number with the check digits of ISO 13616.
func iban(account string) string {
	n, _ := new(big.Int).SetString(account+"131400", 10) // D=13, E=14, 00
	return fmt.Sprintf("DE%02d%s", 98-new(big.Int).Mod(n, big.NewInt(97)).Int64(), account)
}

func (s *Store) inventOrder(r *rand.Rand, id string, i int, start time.Time) Order {
	// A square gives a few customers many orders, as in real shops.
	u := r.Float64()
	o := Order{ID: id, Customer: s.customers.ids[int(u*u*Customers)], Currency: "EUR",
		Placed: start.Add(time.Duration(i) * 2 * time.Hour)}
	for range 1 + r.IntN(4) {
		p := s.products.rows[pick(r, s.products.ids)]
		l := Line{Product: p.ID, Quantity: 1 + r.IntN(3), Price: p.Price}
		o.Lines = append(o.Lines, l)
		o.Total += l.Price * int64(l.Quantity)
	}
	o.Status = pick(r, []Status{Shipped, Shipped, Shipped, Shipped, Open, Cancelled})
	return o
}
