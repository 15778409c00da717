/** Messages of the service in English, with `{}` for values, and their translations, which have the same values in the same order. */
export type Messages = Record<string, string>;

let loaded: Messages = {};

/** Use the translations of a language; none for English. */
export function setMessages(messages: Messages): void {
  loaded = messages;
}

/** Translate a message of the service; one without translation is returned unchanged. */
export function translated(message: string, messages = loaded): string {
  const exact = messages[message];
  if (exact) return exact;
  // the longest template first: it says the most
  for (const template of Object.keys(messages).toSorted((one, other) => other.length - one.length)) {
    const pattern = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll('{}', '(.*)');
    const values = new RegExp(`^${pattern}$`, 's').exec(message)?.slice(1);
    if (values) return (messages[template] as string).replaceAll('{}', () => values.shift() ?? '');
  }
  return message;
}
