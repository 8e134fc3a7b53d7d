export default function emptyTask() {
  return undefined;
}
