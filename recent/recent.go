// Package recent remembers values by name, those used last, within two bounds.
//
// It promises that there are never more values, nor more bytes as the caller counts
// them, than it was made for: those that were used longest ago go first. One that
// alone is too large is not kept, and none goes for it. It starts nothing and cannot
// fail. It is not for concurrent use.
package recent

import "github.com/hashicorp/golang-lru/v2/simplelru"

// Cache is what is remembered. The values are not changed while they are in it.
type Cache[V any] struct {
	values   *simplelru.LRU[string, V]
	size     func(V) int
	bytes    int
	maxBytes int
}

// New gives a Cache for so many values, at least one, of so many bytes together, of
// each of which size tells how many it takes.
func New[V any](values, bytes int, size func(V) int) *Cache[V] {
	c := &Cache[V]{size: size, maxBytes: bytes}
	// the error is for no values at all
	c.values, _ = simplelru.NewLRU(values, func(_ string, v V) { c.bytes -= size(v) })
	return c
}

// Get gives the value of that name and makes it the one used last.
func (c *Cache[V]) Get(name string) (V, bool) { return c.values.Get(name) }

// Peek is Get that uses nothing.
func (c *Cache[V]) Peek(name string) (V, bool) { return c.values.Peek(name) }

// Put remembers a value in the place of that of the same name, and makes room for
// it.
func (c *Cache[V]) Put(name string, v V) {
	c.values.Remove(name) // so that its bytes are no longer counted
	size := c.size(v)
	if size > c.maxBytes {
		return
	}
	c.values.Add(name, v)
	for c.bytes += size; c.bytes > c.maxBytes; {
		c.values.RemoveOldest()
	}
}

// Remove forgets the value of that name, if there is one.
func (c *Cache[V]) Remove(name string) { c.values.Remove(name) }

// All gives all values, the one used longest ago first.
func (c *Cache[V]) All() []V { return c.values.Values() }
