package manifest

// The format of a manifest, as values. The reader takes from here which fields
// exist, how each may be written and which rule its text obeys; whatever else
// describes the format is to be made from the same tables, so that the two
// cannot disagree.

// form is a set of ways in which a value may be written in YAML.
type form uint8

const (
	text form = 1 << iota
	number
	boolean
	list
	mapping
	null
	foreign // has a tag that no manifest needs
)

// formWords are the words of each form, in the order in which messages list
// them.
var formWords = []struct {
	form  form
	words string
}{
	{text, "a string"},
	{number, "a number"},
	{boolean, "a boolean"},
	{list, "a list"},
	{mapping, "a mapping"},
	{null, "null"},
}

// shape reports how a value may be written and what may be in it.
type shape struct {
	forms  form
	rule   rule    // of the text form
	fields []field // of the mapping form, when its keys are fixed
	keys   rule    // of the mapping form, when its keys are free
	each   *shape  // an item of the list form, or a value behind a free key
	none   string  // how to say on purpose that there is nothing
	// offOnly reports that of the boolean form only false has a meaning.
	offOnly     bool
	least, most int // items of the list form; most is 0 when any number will do
	// choice reports that a mapping has exactly one of its first two fields.
	choice bool
}

// field is one known key of a mapping.
type field struct {
	name     string
	shape    *shape
	required bool
	once     bool   // of the documents of a file only the first one must have it
	about    string // what it means, in one sentence
}

// The fields of a document, by their place in documentShape.
const (
	fieldVersion = iota
	fieldCluster
	fieldDatabase
	fieldVars
	fieldDefaults
	fieldProfiles
	fieldAliases
	fieldRetire
	fieldRelease
	documentFieldCount
)

var documentShape = &shape{forms: mapping, fields: []field{
	fieldVersion: {
		name: "version", shape: versionShape, required: true, once: true,
		about: "the version of this format, always 1",
	},
	fieldCluster: {
		name: "cluster", shape: clusterShape,
		about: "a label for the cluster; the state remembers it and a different one is refused",
	},
	fieldDatabase: {
		name: "database", shape: databaseShape,
		about: "the database of this document; when left out, " + DefaultDatabase,
	},
	fieldVars: {
		name: "vars", shape: varsShape,
		about: "values for ${NAME} in the values of this document",
	},
	fieldDefaults: {
		name: "defaults", shape: defaultsShape,
		about: "what holds for all aliases and retired collections of this document that say nothing else",
	},
	fieldProfiles: {
		name: "profiles", shape: profilesShape,
		about: "named sets of fields, for the aliases of this document that name one with profile",
	},
	fieldAliases: {
		name: "aliases", shape: aliasesShape,
		about: "the aliases, each with the collection that it is bound to",
	},
	fieldRetire: {
		name: "retire", shape: retireShape,
		about: "the collections to drop once nothing points at them",
	},
	fieldRelease: {
		name: "release", shape: releaseShape,
		about: "the aliases to forget without dropping them",
	},
}}

// The fields of an alias beyond its collection, by their place in sharedFields:
// those that defaults and profiles have too.
const (
	sharedProfile = iota
	sharedProtect
	sharedFrom
	sharedGroup
	sharedOnFailure
	sharedLoad
	sharedGrants
	sharedRequire
	sharedVerify
	sharedCanary
	sharedGolden
	sharedKeep
	sharedMatch
	sharedFieldCount
)

var sharedFields = []field{
	sharedProfile: {
		name: "profile", shape: profileNameShape,
		about: "the entry of profiles whose fields hold where this says nothing else; false for none",
	},
	sharedProtect: {
		name: "protect", shape: protectShape,
		about: "whether later plans are forbidden to drop the alias",
	},
	sharedFrom: {
		name: "from", shape: fromShape,
		about: "the only collection that a switch may leave; anything else is a conflict",
	},
	sharedGroup: {
		name: "group", shape: groupShape,
		about: "aliases of this database with the same group are one cutover",
	},
	sharedOnFailure: {
		name: "on_failure", shape: onFailureShape,
		about: "what happens to what is switched already when something fails: switch-back, which is the default, or keep",
	},
	sharedLoad: {
		name: "load", shape: loadShape,
		about: "whether the new collection is loaded before anything is checked and switched; true waits for up to " + FormatDuration(DefaultLoadTimeout),
	},
	sharedGrants: {
		name: "grants", shape: grantsShape,
		about: "copy grants on the new collection what roles are granted on the one that the alias leaves, before the switch; ignore lets displaces lock readers out; false for neither",
	},
	sharedRequire: {
		name: "require", shape: requireShape,
		about: "what has to hold of a new collection before anything is written; an alias over its profile over the defaults, check by check",
	},
	sharedVerify: {
		name: "verify", shape: verifyShape,
		about: verifyAbout,
	},
	sharedCanary: {
		name: "canary", shape: canaryShape,
		about: "a read that must give the same rows through the alias and from the new collection after the switch",
	},
	sharedGolden: {
		name: "golden", shape: goldenShape,
		about: "queries that the old and the new collection are compared by before the switch",
	},
	sharedKeep: {
		name: "keep", shape: keepShape,
		about: "how many of the collections that match and are older than the bound one stay; still older ones are retired; needs match, here or in what this builds on, or newest; a mapping has count, order and after",
	},
	sharedMatch: {
		name: "match", shape: matchShape,
		about: "the pattern of the collections that keep is about, with * for the version",
	},
}

// The fields of the long form of a binding: its own, then the shared ones.
const (
	bindingCollection = iota
	bindingDisplaces
	bindingRenamedFrom
	bindingKeepOld
	bindingShared
	bindingFieldCount = bindingShared + sharedFieldCount
)

var bindingShape = &shape{forms: text | mapping, rule: boundName, fields: append([]field{bindingCollection: {
	name: "collection", shape: boundShape, required: true,
	about: "the collection that the alias is bound to, or a mapping with newest",
}, bindingDisplaces: {
	name: "displaces", shape: displacesShape,
	about: "what becomes of a collection that has the name of the alias",
}, bindingRenamedFrom: {
	name: "renamed_from", shape: &shape{forms: text, rule: aliasName},
	about: "the name that the alias had; both names serve until keep_old is over",
}, bindingKeepOld: {
	name: "keep_old", shape: durationShape,
	about: "how long the old name of renamed_from serves beside the new one, such as 24h; when left out, it is dropped in the same apply",
}}, sharedFields...)}

var displacesShape = &shape{forms: mapping, fields: []field{
	{
		name: "rename_to", shape: collectionShape, required: true,
		about: "the new name of the collection that has the name of the alias; the alias is created at once",
	},
}}

var profileShape = &shape{forms: mapping, none: "{}", fields: sharedFields}

// The fields of the long form of a retiree, by their place in retireeShape.
const (
	retireeCollection = iota
	retireeAfter
	retireeReleaseFirst
	retireeKeepData
	retireeFieldCount
)

var retireeShape = &shape{forms: text | mapping, rule: collectionName, fields: []field{
	retireeCollection: {
		name: "collection", shape: collectionShape, required: true,
		about: "the collection to drop",
	},
	retireeAfter: {
		name: "after", shape: durationShape,
		about: "how long the collection has to be without any alias before it is dropped, such as 24h or 7d",
	},
	retireeReleaseFirst: {
		name: "release_first", shape: releaseFirstShape,
		about: releaseFirstAbout,
	},
	retireeKeepData: {
		name: "keep_data", shape: keepDataShape,
		about: "whether the collection is only released from memory; with after it is dropped when that time is over, without never",
	},
}}

var (
	versionShape    = &shape{forms: number, rule: rule{words: []string{"1"}, schema: constraint{whole: true}}}
	clusterShape    = &shape{forms: text, rule: clusterLabel}
	databaseShape   = &shape{forms: text, rule: databaseName}
	collectionShape = &shape{forms: text, rule: collectionName}
	protectShape    = &shape{forms: boolean}
	fromShape       = &shape{forms: text | boolean, rule: collectionName, offOnly: true}
	profilesShape   = &shape{forms: mapping, keys: profileName, each: profileShape, none: "{}"}
	// A profile of its own name is not a boolean: the quotes of "false" are kept.
	profileNameShape = &shape{forms: text | boolean, rule: profileName, offOnly: true}
	varsShape        = &shape{forms: mapping, keys: variableName, each: variableShape, none: "{}"}
	variableShape    = &shape{forms: text | number | boolean, rule: rule{schema: constraint{not: `\$\{`}}}
	aliasesShape     = &shape{forms: mapping, keys: aliasName, each: bindingShape, none: "{}"}
	retireShape      = &shape{forms: list, each: retireeShape, none: "[]"}
	releaseShape     = &shape{forms: list, each: releasedShape, none: "[]"}
	releasedShape    = &shape{forms: text, rule: aliasName}
)
