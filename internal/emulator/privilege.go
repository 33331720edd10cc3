package emulator

import "slices"

// What a privilege is on, as grants name it.
const (
	onCollection = "Collection"
	onGlobal     = "Global"
	onUser       = "User"
)

// anyName stands for every database, every collection or, as a privilege, for
// every privilege.
const anyName = "*"

// allPrivileges is the privilege that has all others in its database.
const allPrivileges = "All"

// The privileges on collections and on users; every other one is Global.
var (
	collectionPrivileges = set(
		"Compaction", "CreateIndex", "CreatePartition", "Delete", "DropIndex", "DropPartition",
		"Flush", "GetFlushState", "GetLoadState", "GetLoadingProgress", "GetStatistics", "HasPartition",
		"Import", "IndexDetail", "Insert", "Load", "LoadBalance", "Query", "Release", "Search",
		"ShowPartitions", "Upsert", "AddCollectionField", "GetImportProgress", "ListImport",
		"TruncateCollection", "AlterCollectionSchema", "RefreshExternalCollection",
		"CreateSnapshot", "DropSnapshot", "DescribeSnapshot", "ListSnapshots", "RestoreSnapshot")
	userPrivileges = set("UpdateUser", "SelectUser")
)

func typeOf(privilege string) string {
	switch {
	case collectionPrivileges[privilege]:
		return onCollection
	case userPrivileges[privilege]:
		return onUser
	}
	return onGlobal
}

func set(names ...string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

// A privilegeGroup is built in. Each level has three, of which a later one holds
// what the one before it does (recorded: lines 11 of the transcripts of grants).
type privilegeGroup struct {
	name       string
	level      level
	privileges []string
}

// level is what a built-in group is granted on.
type level int

const (
	clusterLevel level = iota
	databaseLevel
	collectionLevel
)

// groupParts are the built-in groups by what each adds to the one before it.
var groupParts = []privilegeGroup{
	{"ClusterReadOnly", clusterLevel, []string{"ListDatabases", "SelectOwnership", "SelectUser", "DescribeResourceGroup",
		"ListResourceGroups", "ListPrivilegeGroups", "GetReplicateConfiguration", "ListFileResources"}},
	{"ClusterReadWrite", clusterLevel, []string{"FlushAll", "TransferNode", "TransferReplica", "UpdateResourceGroups",
		"AddFileResource", "RemoveFileResource", "PinSnapshotData", "UnpinSnapshotData"}},
	{"ClusterAdmin", clusterLevel, []string{"BackupRBAC", "RestoreRBAC", "CreateDatabase", "DropDatabase", "CreateOwnership",
		"DropOwnership", "ManageOwnership", "CreateResourceGroup", "DropResourceGroup", "UpdateUser", "RenameCollection",
		"CreatePrivilegeGroup", "DropPrivilegeGroup", "OperatePrivilegeGroup", "UpdateReplicateConfiguration",
		"Expr", "RestoreExternalSnapshot", "ExportSnapshot"}},
	{"DatabaseReadOnly", databaseLevel, []string{"ShowCollections", "DescribeDatabase"}},
	{"DatabaseReadWrite", databaseLevel, []string{"AlterDatabase"}},
	{"DatabaseAdmin", databaseLevel, []string{"CreateCollection", "DropCollection", "RenameCollection"}},
	{"CollectionReadOnly", collectionLevel, []string{"Query", "Search", "IndexDetail", "GetFlushState", "GetLoadState",
		"GetLoadingProgress", "HasPartition", "ShowPartitions", "DescribeCollection", "DescribeAlias", "GetStatistics",
		"ListAliases", "GetImportProgress", "ListImport", "DescribeSnapshot", "ListSnapshots"}},
	{"CollectionReadWrite", collectionLevel, []string{"Load", "Release", "Insert", "Delete", "Upsert", "Import", "Flush",
		"Compaction", "LoadBalance", "CreateIndex", "DropIndex", "CreatePartition", "DropPartition", "AddCollectionField",
		"AlterCollectionSchema", "RefreshExternalCollection", "CreateSnapshot", "DropSnapshot"}},
	{"CollectionAdmin", collectionLevel, []string{"CreateAlias", "DropAlias", "RestoreSnapshot"}},
}

// The privileges that came with 2.6 and with 3.0.
var (
	privilegesOf26 = set("GetReplicateConfiguration", "UpdateReplicateConfiguration", "AddCollectionField",
		"GetImportProgress", "ListImport")
	privilegesOf30 = set("ListFileResources", "AddFileResource", "RemoveFileResource", "PinSnapshotData",
		"UnpinSnapshotData", "Expr", "RestoreExternalSnapshot", "ExportSnapshot", "DescribeSnapshot", "ListSnapshots",
		"AlterCollectionSchema", "RefreshExternalCollection", "CreateSnapshot", "DropSnapshot", "RestoreSnapshot")
	// clusterPrivileges are those that 3.0 looks for in every database at once
	// (Profile.ClusterPrivileges).
	clusterPrivileges = func() map[string]bool {
		all := map[string]bool{}
		for _, part := range groupParts {
			for _, privilege := range part.privileges {
				if part.level == clusterLevel && privilege != "RenameCollection" {
					all[privilege] = true
				}
			}
		}
		return all
	}()
)

// privilegeGroups are the built-in groups of a version, in the order in which it
// lists them.
func (p *Profile) privilegeGroups() []privilegeGroup {
	groups := make([]privilegeGroup, len(groupParts))
	for i, part := range groupParts {
		group := privilegeGroup{name: part.name, level: part.level}
		if i > 0 && groups[i-1].level == part.level {
			group.privileges = slices.Clone(groups[i-1].privileges)
		}
		for _, privilege := range part.privileges {
			if p.has(privilege, part.level) {
				group.privileges = append(group.privileges, privilege)
			}
		}
		groups[i] = group
	}
	return groups
}

// has reports whether servers of the profile have a privilege on a level: renaming
// is one of clusters before 3.0, and of databases from then on.
func (p *Profile) has(privilege string, on level) bool {
	switch {
	case privilege == "RenameCollection":
		return (on == databaseLevel) == p.ClusterPrivileges
	case privilegesOf30[privilege]:
		return p.ClusterPrivileges
	}
	return p.MovesGrants || !privilegesOf26[privilege]
}

// builtInGroup finds a built-in group, nil when there is none of the name.
func (c *catalog) builtInGroup(name string) *privilegeGroup {
	for i := range c.builtIn {
		if c.builtIn[i].name == name {
			return &c.builtIn[i]
		}
	}
	return nil
}
