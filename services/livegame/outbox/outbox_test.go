package outbox

import "testing"

func TestFullOutboxEndsAndDropsItsItems(t *testing.T) {
	t.Parallel()
	full := 0
	many := New(func() { full++ })
	for range MaxItems + 1 {
		many.Send(TextItem([]byte("{}")))
	}
	long := New(func() { full++ })
	for range 3 {
		long.Send(TextItem(make([]byte, maxBytes/2)))
	}
	for _, box := range []*Outbox{many, long} {
		<-box.Ready()
		if items, end := box.Take(nil); len(items) != 0 || end != TooSlow {
			t.Errorf("%d items, %s", len(items), end)
		}
		box.Close(GameOver)
		if _, end := box.Take(nil); end != TooSlow {
			t.Errorf("a second Close changed the reason to %s", end)
		}
	}
	if full != 2 {
		t.Errorf("onFull was called %d times, not once for each outbox", full)
	}
}
