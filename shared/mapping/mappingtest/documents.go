package mappingtest

import (
	"bytes"
	"strings"

	"excs/shared/model"
)

func (c *C) document(name string) []byte {
	got, err := c.Store.GetDocument(c.Ctx, name)
	c.ok(err)
	return got
}

func documentChecks() []Check {
	return []Check{
		{"a document that was not written or was deleted is not found", func(c *C) {
			_, err := c.Store.GetDocument(c.Ctx, "plan")
			c.code(err, model.CodeNotFound)
			c.ok(c.Store.DeleteDocument(c.Ctx, "plan"))
			c.ok(c.Store.PutDocument(c.Ctx, "plan", 0, []byte("x")))
			c.ok(c.Store.DeleteDocument(c.Ctx, "plan"))
			_, err = c.Store.GetDocument(c.Ctx, "plan")
			c.code(err, model.CodeNotFound)
		}},
		{"documents come back as they were written, whatever their size", func(c *C) {
			for _, body := range [][]byte{{}, []byte("{}"), []byte(strings.Repeat("long text ", 10_000)), noise(300<<10 + 1), noise(700_000), []byte("short again")} {
				c.ok(c.Store.PutDocument(c.Ctx, "plan", 0, body))
				got := c.document("plan")
				c.want(bytes.Equal(got, body), "wrote %d bytes, read %d", len(body), len(got))
			}
		}},
		{"a deleted large document is not found, and can be written again", func(c *C) {
			c.ok(c.Store.PutDocument(c.Ctx, "plan", 0, noise(400_000)))
			c.ok(c.Store.DeleteDocument(c.Ctx, "plan"))
			_, err := c.Store.GetDocument(c.Ctx, "plan")
			c.code(err, model.CodeNotFound)
			c.ok(c.Store.PutDocument(c.Ctx, "plan", 0, noise(350_000)))
			equal(c, "bytes", len(c.document("plan")), 350_000)
		}},
		{"a document of an earlier run is stale; without a run it is written always", func(c *C) {
			c.ok(c.Store.PutDocument(c.Ctx, "memory", 5, []byte("five")))
			c.code(c.Store.PutDocument(c.Ctx, "memory", 4, []byte("four")), model.CodeStale)
			equal(c, "document", string(c.document("memory")), "five")
			c.ok(c.Store.PutDocument(c.Ctx, "memory", 0, []byte("operator")))
			c.code(c.Store.PutDocument(c.Ctx, "memory", 4, []byte("four")), model.CodeStale)
			c.ok(c.Store.PutDocument(c.Ctx, "memory", 5, []byte("five again")))
			equal(c, "document", string(c.document("memory")), "five again")
		}},
		{"documents are apart by name", func(c *C) {
			c.ok(c.Store.PutDocument(c.Ctx, "a", 0, []byte("1")))
			c.ok(c.Store.PutDocument(c.Ctx, "a/b", 0, []byte("2")))
			c.ok(c.Store.DeleteDocument(c.Ctx, "a"))
			equal(c, "document", string(c.document("a/b")), "2")
		}},
		{"a document needs a name", func(c *C) {
			c.code(c.Store.PutDocument(c.Ctx, "", 0, []byte("x")), model.CodeInvalid)
		}},
		{"a reader beside a writer always sees a whole document", wholeDocuments},
	}
}

// wholeDocuments replaces a large document while others read it: each is one letter all over, compressed badly enough to
// take parts.
func wholeDocuments(c *C) {
	base := noise(310_000)
	mark := func(b byte) []byte { return append(bytes.Clone(base), b) }
	c.ok(c.Store.PutDocument(c.Ctx, "plan", 0, mark(0)))
	together(3, func(i int) {
		for round := range 4 {
			if i == 0 {
				if err := c.Store.PutDocument(c.Ctx, "plan", 0, mark(byte(round+1))); err != nil {
					c.Errorf("write %d: %v", round, err)
				}
				continue
			}
			got, err := c.Store.GetDocument(c.Ctx, "plan")
			if model.CodeOf(err) == model.CodeUnavailable {
				continue // replaced too often while it was read: said so, which is fine
			}
			if err != nil || len(got) != len(base)+1 || !bytes.HasPrefix(got, base) {
				c.Errorf("read %d bytes: %v", len(got), err)
			}
		}
	})
	equal(c, "last byte", c.document("plan")[len(base)], 4)
}
