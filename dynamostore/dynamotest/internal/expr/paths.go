package expr

import "slices"

// A tree holds paths of which none leads through another. A node without
// branches is the end of a path; index is that path's place in the
// expression. All branches of a node are names or all are indexes.
type tree struct {
	branches []branch
	index    int
}

// A branch is a step from a tree's node to the next.
type branch struct {
	step Step
	tree *tree
}

// newTree puts paths in a tree. The error says which two overlap, or take one
// attribute for a map and for a list.
func (r *resolver) newTree(paths []Path) (*tree, error) {
	root := &tree{index: -1}
	for i, p := range paths {
		if other, fault := root.add(p, i); fault != "" {
			return nil, r.invalid("Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s",
				fault, paths[other], p)
		}
	}
	return root, nil
}

// add puts a path in the tree, or says what stands against it and which
// earlier path that is of.
func (t *tree) add(p Path, index int) (other int, fault string) {
	for i, step := range p {
		if i > 0 && len(t.branches) == 0 {
			return t.index, "overlap" // the other path ends here
		}
		next := t.follow(step)
		if next == nil {
			if len(t.branches) > 0 && (t.branches[0].step.Name == "") != (step.Name == "") {
				return t.first(), "conflict"
			}
			for _, rest := range p[i:] {
				next = &tree{index: -1}
				t.branches = append(t.branches, branch{rest, next})
				t = next
			}
			t.index = index
			return 0, ""
		}
		t = next
	}
	return t.first(), "overlap" // the other path ends here or goes on
}

// follow returns where a step leads, nil if no path goes there.
func (t *tree) follow(step Step) *tree {
	for _, b := range t.branches {
		if b.step == step {
			return b.tree
		}
	}
	return nil
}

// first returns the index of some path through t.
func (t *tree) first() int {
	for len(t.branches) > 0 {
		t = t.branches[0].tree
	}
	return t.index
}

// sort puts branches to elements in the elements' order.
func (t *tree) sort() {
	slices.SortFunc(t.branches, func(a, b branch) int { return a.step.Index - b.step.Index })
	for _, b := range t.branches {
		b.tree.sort()
	}
}
