//! Resuming and yielding.

use super::Lua;
use super::call::Called;
use crate::coroutine::{Coroutine, Status};
use crate::error::{Error, Result};
use crate::value::{FunctionRef, ThreadRef, Value};

impl Lua {
    /// A new coroutine that will run `function`.
    ///
    /// # Errors
    /// If memory is used up.
    pub fn new_coroutine(&mut self, function: FunctionRef) -> Result<ThreadRef> {
        let coroutine = Coroutine { stack: vec![function.into()], ..Coroutine::default() };
        self.heap.new_coroutine(coroutine).map_err(|error| self.ended(error))
    }

    /// The running coroutine; `None` in the main program.
    #[must_use]
    pub const fn running_coroutine(&self) -> Option<ThreadRef> {
        self.current
    }

    /// The status that `coroutine.status` returns.
    #[must_use]
    pub fn coroutine_status(&self, thread: ThreadRef) -> &'static str {
        if self.current == Some(thread) {
            return "running";
        }
        match self.heap.coroutine(thread).status {
            Status::Suspended => "suspended",
            Status::Running | Status::Normal => "normal",
            Status::Dead => "dead",
        }
    }

    /// Resumes a coroutine until it yields or ends. Returns the number of its results, which are on
    /// the stack, or the error that ended it.
    ///
    /// # Errors
    /// What cannot be caught.
    pub fn resume(
        &mut self,
        thread: ThreadRef,
        arguments: &[Value],
    ) -> Result<std::result::Result<usize, Value>> {
        let status = self.coroutine_status(thread);
        if status != "suspended" {
            return Ok(Err(self.message(&format!("cannot resume {status} coroutine"))?));
        }
        let depth = self.depth;
        if let Err(error) = self.enter() {
            self.depth = depth;
            return match error {
                Error::Thrown(_) => Ok(Err(self.message("C stack overflow")?)),
                other => Err(other),
            };
        }
        let outer_depth = std::mem::replace(&mut self.depth_at_resume, self.depth);
        self.switch_to(thread);
        let outcome = self.go_on(arguments);
        let (status, passed) = match outcome {
            Ok(passed) => (Status::Dead, Ok(passed)),
            Err(Error::Yielded(count)) => {
                let passed = self.flow.stack.split_off(self.flow.stack.len() - count);
                (Status::Suspended, Ok(passed))
            }
            Err(Error::Thrown(error)) => (Status::Dead, Err(error)),
            Err(Error::Ended(end)) => return Err(end.into()),
        };
        if status == Status::Dead {
            self.close_upvalues(0);
            self.heap.discount(16 * self.flow.accounted_slots);
            self.flow = Coroutine::default();
        }
        self.flow.status = status;
        self.switch_back(thread);
        self.depth = depth;
        self.depth_at_resume = outer_depth;
        match passed {
            Ok(passed) => {
                self.grow_stack(self.flow.stack.len())?;
                self.push_all(&passed).map(Ok)
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Leaves the running coroutine, and passes the values to the coroutine that resumed it.
    ///
    /// # Errors
    /// Always: [`Error::Yielded`], or an error if the running function cannot yield.
    pub fn yield_now(&mut self, values: &[Value]) -> Result<usize> {
        if self.depth > self.depth_at_resume || self.current.is_none() {
            return Err(self.runtime_error("attempt to yield across metamethod/C-call boundary"));
        }
        let count = self.push_all(values)?;
        Err(Error::Yielded(count))
    }

    /// Starts or continues the coroutine in `flow`, and returns its results.
    fn go_on(&mut self, arguments: &[Value]) -> Result<Vec<Value>> {
        self.spend(arguments.len() as u64 / 8)?;
        let first = self.flow.stack.len();
        self.flow.stack.extend_from_slice(arguments);
        self.grow_stack(self.flow.stack.len())?;
        if self.flow.frames.is_empty() {
            if self.begin_call(0, arguments.len(), None)? == Called::Returned {
                let top = self.flow.top;
                return Ok(self.flow.stack[..top].to_vec());
            }
            if let Some(frame) = self.flow.frames.last_mut() {
                frame.is_entry = true;
            }
        } else {
            // The arguments of `resume` are the results of `yield`.
            self.finish_call(first, arguments.len());
            if self.flow.frames.is_empty() {
                let top = self.flow.top;
                return Ok(self.flow.stack[..top].to_vec());
            }
        }
        self.execute()?;
        let top = self.flow.top;
        Ok(self.flow.stack[..top].to_vec())
    }

    /// Makes a coroutine the running one. Its state moves from the heap to `flow`, and an empty
    /// [`Coroutine`] takes its place. So `current` is the only record of which coroutine runs.
    fn switch_to(&mut self, thread: ThreadRef) {
        let next = std::mem::take(self.heap.coroutine_mut(thread));
        let mut before = std::mem::replace(&mut self.flow, next);
        before.status = Status::Normal;
        match self.current {
            Some(current) => *self.heap.coroutine_mut(current) = before,
            None => self.main = before,
        }
        self.resumers.push(self.current);
        self.current = Some(thread);
    }

    /// Undoes [`Lua::switch_to`]: the state in `flow` moves back to the heap, and the resumer's
    /// state moves to `flow`.
    fn switch_back(&mut self, thread: ThreadRef) {
        self.current = self.resumers.pop().flatten();
        let before = match self.current {
            Some(resumer) => std::mem::take(self.heap.coroutine_mut(resumer)),
            None => std::mem::take(&mut self.main),
        };
        let left = std::mem::replace(&mut self.flow, before);
        *self.heap.coroutine_mut(thread) = left;
        self.flow.status = Status::Running;
    }

    fn message(&mut self, text: &str) -> Result<Value> {
        Ok(self.string(text)?.into())
    }
}
