//! Rules on what files need of others: libraries (L), the run paths by which they are looked for
//! (P), symbols (S).

use std::collections::BTreeSet;

use super::REPAIR;
use crate::elf::Soname;
use crate::plan::rules::rule::{Field, rules};
use crate::resolve::ModulePath;
use crate::wheel::Untrusted;

rules! {
    /// A need that is not met, or not as it should be.
    pub NeedFault:

    "L001" "missing-library" MissingLibrary {
        /// Who needs it.
        file: ModulePath,
        /// The needed name.
        library: Soname,
        /// The tag that does not provide it.
        tag: Untrusted,
    }
    says("{file} needs {library}, which is not in it, nor is it part of {tag}")
    json(file: file, subject: library, context: ("{tag}"))
    degree Error
    title "A needed library is nowhere"
    why "It is neither in the package nor among what the tag says every machine has: the file loads only where somebody installed it."
    help REPAIR;

    "L002" "unreachable-library" Unreachable {
        /// Who needs it.
        file: ModulePath,
        /// The needed name.
        library: Soname,
        /// Where the library is.
        place: ModulePath,
    }
    says("{file} needs {library} and does not find it: it is {place}")
    json(file: file, subject: library, context: ("{place}"))
    degree Error
    title "A needed library is in the package where no search finds it"
    why "The file does not load unless something else loaded the library before."
    help "`wheelfix repair` gives the file a run path to it; under another name than the one needed, or outside of site-packages, it has to move first";

    "L003" "name-clash" NameClash {
        /// One library.
        file: ModulePath,
        /// The name that both are needed under.
        library: Soname,
        /// The other library.
        other: ModulePath,
    }
    says("{file} is another library than {other}, and both are needed as {library}")
    json(file: file, subject: library, context: ("{other}"))
    degree Error
    title "Two different libraries are needed under one short name"
    why "A process keeps the first one it loads: the other's users get a library that they were not built for."
    help "`wheelfix repair` gives grafted libraries names of their own";

    "L004" "needs-libpython" NeedsLibpython {
        /// Who needs it.
        file: ModulePath,
        /// The needed name.
        library: Soname,
    }
    says("{file} needs {library}")
    json(file: file, subject: library,)
    degree Error
    title "A file needs libpython"
    why "The interpreter that loads it often has no such library, or another one."
    help "link extensions without libpython; `wheelfix repair` drops the need";

    "L005" "needs-a-path" NeedsPath {
        /// Who needs it.
        file: ModulePath,
        /// The needed name, a path.
        library: Soname,
    }
    says("{file} needs the path {library}")
    json(file: file, subject: library,)
    degree Error
    title "A needed name is a path"
    why "It is opened as it stands, without a search: on the machine of the build only."
    help "give the library a SONAME and link again";

    "L006" "version-of-nothing" VersionOfNothing {
        /// Who needs the version.
        file: ModulePath,
        /// The library that is to have it.
        library: Soname,
    }
    says("{file} needs a version of {library}, which it does not need itself, and nothing else brings")
    json(file: file, subject: library,)
    degree Error
    title "A version is needed of a library that nothing brings"
    why "glibc ends the process when it finds nothing by that name."
    help "need the library too (`patchelf --add-needed NAME`), or take the version need away with it (`patchelf --remove-needed NAME`)";

    "P001" "run-path-outside" RunPathOutside {
        /// The file that has the run path.
        file: ModulePath,
        /// The entry.
        entry: Untrusted,
        /// What is looked for by it.
        sought: Sought,
    }
    says("the run path of {file} leads out of it: `{entry}`, to look for {sought} there")
    json(file: file, subject: entry, context: ("{sought}"))
    degree Error
    title "A run path has libraries looked for outside of the package"
    why "Whoever can write to the folder has a library of theirs loaded in place of the right one. (An entry that no search comes by does no harm, and is not told.)"
    help "`wheelfix repair` drops the entry";

    "P002" "run-path-relative" RunPathRelative {
        /// The file that has the run path.
        file: ModulePath,
        /// The entry.
        entry: Untrusted,
        /// What is looked for by it.
        sought: Sought,
    }
    says("the run path of {file} depends on the working directory: `{entry}`, to look for {sought} there")
    json(file: file, subject: entry, context: ("{sought}"))
    degree Error
    title "A run path has libraries looked for in the working directory"
    why "They are loaded from wherever a program was started."
    help "`wheelfix repair` drops the entry; `$ORIGIN` is what was meant";

    "P003" "run-path-token" RunPathToken {
        /// The file.
        file: ModulePath,
        /// Its run path.
        run_path: Untrusted,
    }
    says("the run path of {file} is ignored by musl, for its token: `{run_path}`")
    json(file: file, subject: run_path,)
    degree Warning
    title "A run path has a token that musl does not know"
    why "musl then ignores the whole run path."
    help "use `$ORIGIN` alone";

    "S001" "unbound-symbol" Unbound {
        /// Who needs it.
        file: ModulePath,
        /// The symbol.
        symbol: Untrusted,
        /// Where such a symbol usually lives.
        home: Option<Untrusted>,
    }
    says("{file} needs {symbol}, which nothing defines{}", in_brackets(&home))
    json(file: file, subject: symbol, context: ("{home}"))
    degree Error
    title "Nothing defines a symbol"
    why "musl binds everything when it loads a file, so the load fails; glibc may end the process later, when the symbol is first used."
    help "link the library that defines it; compile against the C library's own headers; leave out what a Python of the tags lacks";

    "S002" "private-symbol" PrivateSymbol {
        /// Who needs it.
        file: ModulePath,
        /// The symbol.
        symbol: Untrusted,
        /// The library that it would come from.
        library: Soname,
    }
    says("{file} needs {symbol} of {library}, which is not there or private")
    json(file: file, subject: symbol, context: ("{library}"))
    degree Error
    title "A symbol is private, or missing, where the tag says the wheel runs"
    why "The C library may drop or change it without notice."
    help "compile with the tag's own image, without the feature that uses it";
}

/// What else is known, after what is said.
fn in_brackets(more: &str) -> String {
    match more.is_empty() {
        true => String::new(),
        false => format!(" ({more})"),
    }
}

/// The libraries that are looked for by an entry of a run path; none: whatever the file opens
/// itself with dlopen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sought(pub BTreeSet<Untrusted>);

impl Field for Sought {
    fn shown(&self) -> String {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        match names.is_empty() {
            true => "what it opens with dlopen".to_owned(),
            false => names.join(", "),
        }
    }
}
