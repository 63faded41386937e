package operation

import "testing"

// TestShape has the eight kinds of id, and words that look a little like one.
func TestShape(t *testing.T) {
	tests := []struct {
		kind Kind
		list []string
	}{
		{Integer, []string{"1", "4711", "-5", "18446744073709551615", "007"}},
		{UUID, []string{"f47ac10b-58cc-4372-a567-0e02b2c3d479", "F47AC10B-58CC-4372-A567-0E02B2C3D479", "00000000-0000-0000-0000-000000000000"}},
		{ULID, []string{"01ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav"}},
		{Slug, []string{"red-shoes-42", "2024-summer-sale", "how-to-bake-bread-at-home", "the great escape", "release_notes_2024"}},
		{Email, []string{"alice@example.com", "a.b+c@example.co.uk"}},
		{Hash, []string{"d41d8cd98f00b204e9800998ecf8427e", "507f1f77bcf86cd799439011", "6dcb09b5b57875f334f61aebed695e2e4193db5e", "V1StGXR8Z5jdHi6BmyT", "zCSDTg5TSYIKClpxAAAC", "dQw4w9WgXcQ", "prod_NWjs8kKbJWmuuc"}},
		{Composite, []string{"17:42", "a1,b2,c3", "2026-11-23", "tenant-1~user-2", "main...feature", "10.5,20.3", "eu|4711", "12-34", "urn:isbn:9780306406157"}},
		{Localised, []string{"größe", "赤い靴", "café-au-lait", "м123", "٤٧١١"}},
		{Prefixed, []string{"cus_000002", "INV2024001", "ABC-123", "user_42", "K-9"}},
		{Version, []string{"v1", "v2.1", "v1beta1", "V3", "2.0"}},
		{Word, []string{"customers", "me", "oauth2", "s3", "base64", "sha256", "two-factor-auth", "set-default-branch", "projectsV2", "enterprise-28-day", "users-1-day",
			"required_pull_request_reviews", "organization-fine-grained-permissions", "private-vulnerability-reporting", "application-configuration", "socket.io", "robots.txt",
			"openapi.json", "messages:send", "OrderItems", "getCustomerByEmailAddress", "x", "_search", ".well-known", "ipv4", "alice", "red-shoes"}},
	}
	for _, tt := range tests {
		for _, s := range tt.list {
			if got := Shape(s); got != tt.kind {
				t.Errorf("Shape(%q): got %s, want %s", s, got, tt.kind)
			}
		}
	}
}
