package emulator

import (
	"cmp"
	"maps"
	"slices"
)

func (a *access) userNames() []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Sorted(maps.Keys(a.users))
}

func (a *access) roleNames() []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Sorted(maps.Keys(a.roles))
}

func (a *access) createUser(name, password string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users[name] != nil {
		return invalid("user %s already exists", name)
	}
	a.users[name] = &user{name: name, password: password, roles: map[string]bool{}}
	return nil
}

// dropUser is a success for a user that does not exist.
func (a *access) dropUser(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if name != rootUser {
		delete(a.users, name)
	}
}

func (a *access) rolesOf(name string) ([]string, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	u := a.users[name]
	if u == nil {
		return nil, fail(codeUnexpected, "not found the user, maybe the user isn't existed or internal system error")
	}
	return slices.AppendSeq([]string{}, maps.Keys(u.roles)), nil
}

func (a *access) setRole(userName, roleName string, has bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.roles[roleName] == nil {
		return fail(codeUnexpected, "not found the role, maybe the role isn't existed or internal system error")
	}
	u := a.users[userName]
	if u == nil {
		return fail(codeUnexpected, "not found the user, maybe the user isn't existed or internal system error")
	}
	// A caller may be looking at the old roles without the lock.
	roles := maps.Clone(u.roles)
	if delete(roles, roleName); has {
		roles[roleName] = true
	}
	a.users[userName] = &user{name: u.name, password: u.password, roles: roles}
	return nil
}

func (a *access) createRole(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.roles[name] != nil {
		return fail(codeUnexpected, "role [name:\"%s\"] already exists", name)
	}
	a.roles[name] = newRole()
	return nil
}

func (a *access) dropRole(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if name == adminRole || name == publicRole {
		return invalid("the role[%s] is a default role, which can't be dropped", name)
	}
	delete(a.roles, name)
	return nil
}

func (a *access) setGrant(roleName string, g grant, has bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.roles[roleName]
	if r == nil {
		return fail(codeUnexpected, "not found the role, maybe the role isn't existed or internal system error")
	}
	if delete(r.grants, g); has {
		r.grants[g] = true
	}
	return nil
}

func (a *access) grantsOf(roleName string) ([]grant, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	r := a.roles[roleName]
	if r == nil {
		return nil, fail(codeUnexpected, "not found the role, maybe the role isn't existed or internal system error")
	}
	return slices.SortedFunc(maps.Keys(r.grants), func(a, b grant) int {
		return cmp.Or(cmp.Compare(a.objectType, b.objectType), cmp.Compare(a.privilege, b.privilege), cmp.Compare(a.objectName, b.objectName))
	}), nil
}
