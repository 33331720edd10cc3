package emulator

import "strings"

// maxNameLength is proxy.maxNameLength of a default Milvus, in bytes.
const maxNameLength = 255

// nameProblem says what is wrong with a name, in Milvus' words, or "". The
// rule is milvus-rest section 4; kind is what the name is of.
func nameProblem(kind, name string) string {
	if len(name) > maxNameLength {
		return "the length of a " + kind + " must be less than 255 characters"
	}
	if name == "" || name[0] != '_' && !isLetter(name[0]) {
		return "the first character of a " + kind + " must be an underscore or letter"
	}
	for i := range len(name) {
		if b := name[i]; b != '_' && !isLetter(b) && (b < '0' || b > '9') {
			return kind + " can only contain numbers, letters and underscores"
		}
	}
	return ""
}

func isLetter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }

func (p *Profile) checkName(kind, name string) error {
	checked := name
	if p.TrimsNames {
		checked = strings.TrimSpace(name)
	}
	if problem := nameProblem(kind, checked); problem != "" {
		return invalid("Invalid %s: %s. %s", kind, name, problem)
	}
	return nil
}

func (p *Profile) checkAlias(alias string) error {
	return p.checkName("collection alias", alias)
}

func (p *Profile) checkCollection(collection string) error {
	return p.checkName("collection name", collection)
}

func checkDatabase(database string) error {
	if problem := nameProblem("database name", database); problem != "" {
		return fail(codeDatabaseName, "%s: invalid database name[database=%s]", problem, database)
	}
	return nil
}
