// Does not even say hello.
process.stdin.resume();
