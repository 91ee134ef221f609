/** Whether two plain objects hold the same; names that are undefined count as absent. */
export function sameJson(one: object, other: object): boolean {
  const sorted = (value: object) => JSON.stringify(Object.entries(value).sort());
  return sorted(one) === sorted(other);
}
