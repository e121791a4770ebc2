//! Tests of what an explorer can choose.
