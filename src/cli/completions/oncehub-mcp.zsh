#compdef oncehub-mcp

_oncehub-mcp() {
    local -a found whole open
    found=("${(@f)$(_CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((CURRENT - 1)) ONCEHUB_MCP_COMPLETE=zsh \
        oncehub-mcp -- "${(@)words[1,CURRENT]}" 2>/dev/null)}")
    # A value follows at once.
    open=(${(M)found:#[^:]##=(|:*)})
    whole=(${found:|open})
    [[ -z $whole ]] || _describe -V value whole
    [[ -z $open ]] || _describe -V value open -S ''
}

# It is read as a function from $fpath, or as a script.
if [[ $funcstack[1] == _oncehub-mcp ]]; then
    _oncehub-mcp "$@"
else
    compdef _oncehub-mcp oncehub-mcp
fi
