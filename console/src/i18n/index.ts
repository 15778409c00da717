import i18n from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './en.json';
import { setMessages } from './messages';

const STORED = 'openfrs-language';

export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const;
export type Language = keyof typeof LANGUAGES;

/** The stored language, else the browser's if it is supported. */
function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored && stored in LANGUAGES) return stored as Language;
  return navigator.language.startsWith('zh') ? 'zh-CN' : 'en';
}

/** Switch the language; languages other than English are loaded on demand. */
export async function chooseLanguage(language: Language) {
  if (language === 'zh-CN') {
    const [{ default: texts }, { default: messages }] = await Promise.all([
      import('./zh-CN.json'),
      import('./messages.zh-CN.json'),
    ]);
    setMessages(messages);
    i18n.addResourceBundle(language, 'translation', texts);
  } else {
    setMessages({});
  }
  localStorage.setItem(STORED, language);
  document.documentElement.lang = language;
  await i18n.changeLanguage(language);
}

void i18n.use(initReactI18next).init({
  lng: 'en',
  fallbackLng: 'en',
  resources: { en: { translation: en } },
  interpolation: { escapeValue: false },
});
if (preferred() !== 'en') void chooseLanguage(preferred());

export default i18n;
