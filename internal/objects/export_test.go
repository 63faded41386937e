package objects

import "context"

// Merge makes one segment of some, as Run does.
func (v *View) Merge(ctx context.Context) (bool, error) { return v.mergeSome(ctx) }

// Advance adds the records before to.
func (v *View) Advance(ctx context.Context, to uint64) error { return v.advance(ctx, to) }
