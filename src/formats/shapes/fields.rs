//! stand-in
use crate::formats::*; use crate::rows::*;
pub struct S; pub static SHAPE: S = S;
impl Shape for S { fn name(&self)->&'static str{"fields"} fn about(&self)->&'static str{""} fn docs(&self)->&'static str{""} fn uses(&self)->&'static [Use]{&Use::ALL} fn fits(&self,_:&[Object<'_>])->f32{0.5} fn map<'a>(&self,_:&Object<'a>,_:&Layout,_:&mut dyn FnMut(Result<Row<'a>,Unreadable>)){} }
