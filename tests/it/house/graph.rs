//! Which file imports which: paths followed through re-exports to the file that defines the name.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{File, Path};

/// An import of a file: the file it leads to, and the path and line where it stands.
#[derive(Clone, Debug)]
pub struct Edge {
    pub to: usize,
    pub path: String,
    pub line: usize,
}

/// The files of the crate, and what each imports.
pub struct Graph<'f> {
    files: &'f [File],
    by_module: BTreeMap<&'f [String], usize>,
    imports: Vec<Vec<Path>>,
    defines: Vec<BTreeSet<String>>,
    /// By file: its imports of other files, children and parents too.
    pub edges: Vec<Vec<Edge>>,
    circles: Vec<Vec<&'f str>>,
}

impl<'f> Graph<'f> {
    pub fn new(files: &'f [File]) -> Graph<'f> {
        let by_module = files.iter().enumerate().map(|(at, file)| (&file.module[..], at)).collect();
        let imports = files.iter().map(File::imports).collect();
        let defines = files.iter().map(File::defines).collect();
        let mut graph = Graph { files, by_module, imports, defines, edges: Vec::new(), circles: Vec::new() };
        graph.edges = (0..files.len()).map(|file| graph.edges_of(file)).collect();
        graph.circles = graph.found_circles();
        graph
    }

    fn edges_of(&self, file: usize) -> Vec<Edge> {
        let mut edges: Vec<Edge> = Vec::new();
        let mut add = |to: Option<usize>, path: &Path| {
            if let Some(to) = to.filter(|to| *to != file && edges.iter().all(|e| e.to != *to)) {
                edges.push(Edge { to, path: path.parts.join("::"), line: path.line });
            }
        };
        for path in &self.imports[file] {
            add(self.resolve(file, &path.parts, 0), path);
        }
        for path in self.files[file].inline_paths() {
            add(self.resolve(file, &path.parts, 0), &path);
        }
        // What a glob of another module brings in is found by the words that the file uses.
        let globs: Vec<usize> = self.globs(file).collect();
        if !globs.is_empty() {
            let mut seen: BTreeSet<&str> = self.defines[file].iter().map(String::as_str).collect();
            for token in &self.files[file].code {
                if seen.insert(&token.text) {
                    for glob in &globs {
                        if let Some(import) =
                            self.imports[*glob].iter().find(|p| p.name.as_deref() == Some(&token.text))
                        {
                            let line = token.line;
                            add(self.resolve(*glob, &import.parts, 0), &Path { line, ..import.clone() });
                        }
                    }
                }
            }
        }
        edges
    }

    /// Modules of which the file imports everything.
    fn globs(&self, file: usize) -> impl Iterator<Item = usize> {
        let globs = self.imports[file].iter().filter(|p| p.name.as_deref() == Some("*"));
        globs.filter_map(move |p| self.resolve(file, &p.parts, 0)).filter(move |to| *to != file)
    }

    /// The file in which the name at the end of a path is defined; none for what is outside of the crate.
    fn resolve(&self, from: usize, parts: &[String], depth: usize) -> Option<usize> {
        let module = &self.files[from].module;
        let (mut at, rest) = match parts.first()?.as_str() {
            "crate" => (self.by_module.get(&[][..]).copied()?, &parts[1..]),
            "self" => (from, &parts[1..]),
            "super" => {
                let up = parts.iter().take_while(|part| *part == "super").count();
                let above = module.len().checked_sub(up)?;
                (*self.by_module.get(&module[..above])?, &parts[up..])
            }
            first => {
                let known = self.child(from, first).is_some() || self.import(from, first).is_some();
                known.then_some((from, parts))?
            }
        };
        for (place, part) in rest.iter().enumerate() {
            if let Some(child) = self.child(at, part) {
                at = child;
            } else if self.defines[at].contains(part) {
                return Some(at);
            } else if let Some(import) = self.import(at, part).filter(|_| depth < 8) {
                // An import of the name itself leads on; one that leads outside of the crate ends here.
                let whole: Vec<String> = import.parts.iter().chain(&rest[place + 1..]).cloned().collect();
                if import.parts == parts {
                    return Some(at);
                }
                return self.resolve(at, &whole, depth + 1);
            } else {
                let globs = self.imports[at].iter().filter(|p| p.name.as_deref() == Some("*") && depth < 8);
                let found = globs.filter_map(|glob| {
                    let whole: Vec<String> = glob.parts.iter().chain(&rest[place..]).cloned().collect();
                    let module = self.resolve(at, &glob.parts, depth + 1)?;
                    self.defines[module].contains(part).then(|| self.resolve(at, &whole, depth + 1))?
                });
                return found.into_iter().next().or(Some(at));
            }
        }
        Some(at)
    }

    fn child(&self, of: usize, name: &str) -> Option<usize> {
        let module: Vec<String> = self.files[of].module.iter().cloned().chain([name.to_owned()]).collect();
        self.by_module.get(&module[..]).copied()
    }

    fn import(&self, of: usize, name: &str) -> Option<&Path> {
        self.imports[of].iter().find(|path| path.name.as_deref() == Some(name))
    }

    /// Files that import each other, by path: every set of two or more of which each reaches each, where an import of
    /// a file above or below in the same branch does not count.
    pub fn circles(&self) -> &[Vec<&'f str>] {
        &self.circles
    }

    fn found_circles(&self) -> Vec<Vec<&'f str>> {
        let relatives = |a: usize, b: usize| {
            let (a, b) = (&self.files[a].module, &self.files[b].module);
            a.starts_with(b) || b.starts_with(a)
        };
        let next: Vec<Vec<usize>> = (0..self.files.len())
            .map(|file| self.edges[file].iter().map(|e| e.to).filter(|to| !relatives(file, *to)).collect())
            .collect();
        let reach: Vec<BTreeSet<usize>> = (0..self.files.len()).map(|file| reached(&next, file)).collect();
        let mut circles = BTreeSet::new();
        for (file, reached) in reach.iter().enumerate() {
            let circle: Vec<&str> = reached
                .iter()
                .filter(|other| reach[**other].contains(&file))
                .map(|other| self.files[*other].path.as_str())
                .collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }
}

/// What is reached from a file in one step or more.
fn reached(next: &[Vec<usize>], file: usize) -> BTreeSet<usize> {
    let (mut seen, mut open) = (BTreeSet::new(), next[file].clone());
    while let Some(at) = open.pop() {
        if seen.insert(at) {
            open.extend(&next[at]);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, (*text).to_owned())).collect();
        Graph::new(&files).circles().iter().map(|c| c.iter().map(|path| (*path).to_owned()).collect()).collect()
    }

    #[test]
    fn a_circle_is_found_through_re_exports_and_globs() {
        let root = ("src/lib.rs", "mod a; mod b; pub use a::Error;");
        let none: [[&str; 0]; 0] = [];
        let straight = [root, ("src/a.rs", "use crate::b::thing;"), ("src/b.rs", "pub fn thing() {}")];
        assert_eq!(circles(&straight), none);
        let plain = [
            root,
            ("src/a.rs", "use crate::b::thing; pub struct Error;"),
            ("src/b.rs", "use crate::Error; fn thing() {}"),
        ];
        assert_eq!(circles(&plain), [["src/a.rs", "src/b.rs"]]);
        let inline = [root, ("src/a.rs", "fn f() { crate::b::thing() }"), ("src/b.rs", "fn thing() { super::a::f() }")];
        assert_eq!(circles(&inline), [["src/a.rs", "src/b.rs"]]);
        // Children through their parent: by a name that it re-exports, and by all that it imports.
        let family = [
            ("src/lib.rs", "mod a;"),
            ("src/a/mod.rs", "mod x; mod y; mod z; pub use x::X; use y::Y;"),
            ("src/a/x.rs", "use super::y::Y; pub struct X;"),
            ("src/a/y.rs", "use super::X; pub struct Y;"),
            ("src/a/z.rs", "use super::*; fn z(_: Y) {}"),
        ];
        assert_eq!(circles(&family), [["src/a/x.rs", "src/a/y.rs"]]);
        let mut glob = family;
        glob[3].1 = "use super::z::z; pub struct Y;";
        assert_eq!(circles(&glob), [["src/a/y.rs", "src/a/z.rs"]]);
        // What tests alone import is no circle, nor is parent and child.
        let tests = [
            root,
            ("src/a.rs", "#[cfg(test)] mod tests { use crate::b::thing; } struct Error;"),
            ("src/b.rs", "use crate::a::Error;"),
        ];
        assert_eq!(circles(&tests), none);
    }
}
