package store

import "time"

// A Customer buys things. All of it but ID, Segment and Since is personal data.
type Customer struct {
	// ID is cus_ and a number.
	ID string `json:"id"`
	// Name is the full name.
	Name string `json:"name"`
	// Email is unique in the shop.
	Email string `json:"email"`
	// Phone in international form; may be empty.
	Phone string `json:"phone,omitempty"`
	// Address is where parcels go.
	Address Address `json:"address"`
	// IBAN for direct debit; empty if the customer pays by card.
	IBAN string `json:"iban,omitempty"`
	// CardToken stands for a card at the payment provider; empty if the
	// customer pays by direct debit.
	CardToken string `json:"card_token,omitempty"`
	// CardLast4 are the last digits of the card, for people to recognise it.
	CardLast4 string `json:"card_last4,omitempty"`
	// Segment is private, business or vip.
	Segment string `json:"segment"`
	// Since is when the customer came.
	Since time.Time `json:"since"`
}

// An Address is a postal address.
type Address struct {
	// Street with number.
	Street string `json:"street"`
	// City without postal code.
	City string `json:"city"`
	// PostalCode as the country writes it.
	PostalCode string `json:"postal_code"`
	// Country is the two-letter code.
	Country string `json:"country"`
}

// A Status is where an order stands.
type Status string

// The statuses of an order.
const (
	Open      Status = "open"
	Shipped   Status = "shipped"
	Cancelled Status = "cancelled"
	Refunded  Status = "refunded"
)

// An Order is what a customer bought.
type Order struct {
	// ID is ord_ and a number.
	ID string `json:"id"`
	// Customer is the id of who bought.
	Customer string `json:"customer"`
	// Lines are what was bought.
	Lines []Line `json:"lines"`
	// Total in the smallest unit of the currency.
	Total int64 `json:"total"`
	// Currency is the three-letter code.
	Currency string `json:"currency"`
	// Status of the order: open, shipped, cancelled or refunded.
	Status Status `json:"status"`
	// Placed is when it was ordered.
	Placed time.Time `json:"placed"`
}

// A Line is one product of an order.
type Line struct {
	// Product is its id.
	Product string `json:"product"`
	// Quantity is how many; at least one.
	Quantity int `json:"quantity"`
	// Price of one, in the smallest unit; set by the shop.
	Price int64 `json:"price"`
}

// A Product is what the shop sells. It is public.
type Product struct {
	// ID is prd_ and a number.
	ID string `json:"id"`
	// Name is what people see.
	Name string `json:"name"`
	// Category is one of kitchen, garden, office, sport, books.
	Category string `json:"category"`
	// Price in euro cents.
	Price int64 `json:"price"`
	// Stock is how many there are.
	Stock int `json:"stock"`
}

// A File is something that was uploaded, without its content.
type File struct {
	// ID is fil_ and a number.
	ID string `json:"id"`
	// Name as the uploader called it.
	Name string `json:"name"`
	// Type is the media type.
	Type string `json:"type"`
	// Size in bytes.
	Size int64 `json:"size"`
	// SHA256 of the content in hex; empty for the generated archive.
	SHA256 string `json:"sha256,omitempty"`
	// Stored says whether the content was kept; large uploads are only
	// counted and hashed.
	Stored bool `json:"stored"`
	// By is the subject who uploaded it.
	By string `json:"by"`
	// Uploaded is when.
	Uploaded time.Time `json:"uploaded"`

	content []byte
	made    bool // the content is generated when read
}

// A Refund gives money back.
type Refund struct {
	// ID is ref_ and a number.
	ID string `json:"id"`
	// Order is the id of what was refunded.
	Order string `json:"order"`
	// Amount in the smallest unit of the order's currency.
	Amount int64 `json:"amount"`
	// Reason as given by the person.
	Reason string `json:"reason"`
	// By is the subject who refunded.
	By string `json:"by"`
	// At is when.
	At time.Time `json:"at"`
}

// A User is somebody with access to the shop's console.
type User struct {
	// ID is the subject at the issuer.
	ID string `json:"id"`
	// Name is the full name.
	Name string `json:"name"`
	// Roles as the shop's administrators see them. They are informative: what
	// somebody may do is in their token.
	Roles []string `json:"roles"`
}
