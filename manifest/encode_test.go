package manifest

import (
	"bytes"
	"fmt"
)

// encode writes a manifest of which Parse makes an equal one, apart from the
// positions.
func encode(m *Manifest) []byte {
	var b bytes.Buffer
	for i, db := range m.Databases {
		if i > 0 {
			b.WriteString("---\n")
		}
		b.WriteString("version: 1\n")
		if i == 0 && m.Cluster != "" {
			fmt.Fprintf(&b, "cluster: %q\n", m.Cluster)
		}
		if db.Named {
			fmt.Fprintf(&b, "database: %q\n", db.Name)
		}
		b.WriteString("aliases:\n  {\n")
		for _, a := range db.Aliases {
			fmt.Fprintf(&b, "    %q: {collection: %q, protect: %t},\n", a.Name, a.Collection, a.Protect)
		}
		b.WriteString("  }\nretire:\n  [\n")
		for _, r := range db.Retire {
			fmt.Fprintf(&b, "    %q,\n", r.Collection)
		}
		b.WriteString("  ]\nrelease:\n  [\n")
		for _, r := range db.Releases {
			fmt.Fprintf(&b, "    %q,\n", r.Alias)
		}
		b.WriteString("  ]\n")
	}
	return b.Bytes()
}
