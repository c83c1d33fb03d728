package tables

import "context"

// WaitFor returns the row of a key once it exists. ok is false if ctx is done first.
func (v *View[R]) WaitFor(ctx context.Context, key string) (row R, ok bool) {
	return v.WaitUntil(ctx, key, func(R) bool { return true })
}

// WaitUntil returns the row of a key once it exists and meets the condition. ok is
// false if ctx is done first.
func (v *View[R]) WaitUntil(ctx context.Context, key string, condition func(R) bool) (row R, ok bool) {
	for {
		changed := make(chan struct{})
		v.mu.Lock()
		raw, exists := v.rows[key]
		v.waiting[key] = append(v.waiting[key], changed)
		v.mu.Unlock()
		if exists {
			if row, ok = v.decode(key, raw); ok && condition(row) {
				v.removeWaiter(key, changed)
				return row, true
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			v.removeWaiter(key, changed)
			var none R
			return none, false
		}
	}
}

func (v *View[R]) removeWaiter(key string, ch chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	waiting := v.waiting[key]
	for i, w := range waiting {
		if w == ch {
			waiting = append(waiting[:i], waiting[i+1:]...)
			break
		}
	}
	if len(waiting) == 0 {
		delete(v.waiting, key)
	} else {
		v.waiting[key] = waiting
	}
}
