declare module 'virtual:messages/*' {
  const messages: Readonly<Record<string, import('./message').Message>>;
  export default messages;
}
