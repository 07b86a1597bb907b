//! Python's tokens, as far as they tell strings, comments and statements apart.

/// One token. Positions do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a keyword.
    Name(&'a str),
    /// The inside of a string as it is written, without prefix and quotes.
    Text(&'a str),
    /// Any other character but blanks.
    Mark(u8),
    /// The end of a line outside of brackets.
    Line,
}

/// All tokens of a source.
pub(super) struct Tokens<'a> {
    source: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let depth = 0;
        Self {
            source,
            at: 0,
            depth,
        }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.source
            .as_bytes()
            .get(self.at.saturating_add(ahead))
            .copied()
    }

    fn skip_while(&mut self, goes_on: impl Fn(u8) -> bool) {
        while self.byte(0).is_some_and(&goes_on) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn name(&mut self) -> Token<'a> {
        let start = self.at;
        self.skip_while(is_name);
        let name = self.source.get(start..self.at).unwrap_or_default();
        let is_prefix = name.len() <= 3 && name.bytes().all(|byte| b"rbuftRBUFT".contains(&byte));
        match self.byte(0) {
            Some(quote @ (b'"' | b'\'')) if is_prefix => self.string(quote),
            _ => Token::Name(name),
        }
    }

    fn string(&mut self, quote: u8) -> Token<'a> {
        let triple = self.byte(1) == Some(quote) && self.byte(2) == Some(quote);
        let length = if triple { 3 } else { 1 };
        self.at = self.at.saturating_add(length);
        let start = self.at;
        loop {
            match self.byte(0) {
                None => return self.inside(start, self.at),
                // An escaped quote does not end it, in raw strings neither.
                Some(b'\\') => self.at = self.at.saturating_add(2),
                // A string of one line has no end: what follows is read anew.
                Some(b'\n') if !triple => return self.inside(start, self.at),
                Some(byte) if byte == quote => {
                    let ends =
                        !triple || self.byte(1) == Some(quote) && self.byte(2) == Some(quote);
                    let end = self.at;
                    self.at = self.at.saturating_add(if ends { length } else { 1 });
                    if ends {
                        return self.inside(start, end);
                    }
                }
                Some(_) => self.at = self.at.saturating_add(1),
            }
        }
    }

    fn inside(&self, start: usize, end: usize) -> Token<'a> {
        Token::Text(self.source.get(start..end).unwrap_or_default())
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let byte = self.byte(0)?;
            match byte {
                b'#' => self.skip_while(|byte| byte != b'\n'),
                b'\\' => self.at = self.at.saturating_add(2),
                b'\n' if self.depth == 0 => {
                    self.at = self.at.saturating_add(1);
                    return Some(Token::Line);
                }
                b' ' | b'\t' | b'\r' | b'\n' | 0x0c => self.at = self.at.saturating_add(1),
                b'"' | b'\'' => return Some(self.string(byte)),
                byte if is_name(byte) => return Some(self.name()),
                byte => {
                    self.at = self.at.saturating_add(1);
                    self.depth = match byte {
                        b'(' | b'[' | b'{' => self.depth.saturating_add(1),
                        b')' | b']' | b'}' => self.depth.saturating_sub(1),
                        _ => self.depth,
                    };
                    return Some(Token::Mark(byte));
                }
            }
        }
    }
}
