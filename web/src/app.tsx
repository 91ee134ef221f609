export function App() {
  return <h1>Deltawire</h1>;
}
